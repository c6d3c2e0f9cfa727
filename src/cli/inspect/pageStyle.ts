/** The colours are those of the product's pages. */
export const STYLE = `
:root{color-scheme:light dark;--ground:light-dark(#fdfdfc,#15181d);--raised:light-dark(#fff,#1b1f26);
--line:light-dark(#e1e4e9,#2c333d);--text:light-dark(#1b222c,#e4e8ee);--quiet:light-dark(#566072,#9ba6b6);
--good:light-dark(#1a7f4b,#63c98d);--info:light-dark(#0a5cb8,#85bcff);--warn:light-dark(#9a6a00,#e0b659);
--hold:light-dark(#6b4fbb,#b9a3f5);--bad:light-dark(#b3312a,#ff8d83)}
*{box-sizing:border-box}
body{margin:0;background:var(--ground);color:var(--text);font:1rem/1.5 system-ui,"Segoe UI",Roboto,"Helvetica Neue","Noto Sans",sans-serif}
main{max-width:60rem;margin:0 auto;padding:1.5rem 1rem 4rem}
h1{font-size:1.6rem;line-height:1.25;margin:.1rem 0 0;text-wrap:balance}
h2{font-size:1.15rem;margin:2.5rem 0 .5rem}
h3{font-size:1rem;margin:0;font-weight:600;overflow-wrap:anywhere}
p{margin:.25rem 0}
code{font-family:ui-monospace,"Cascadia Mono","DejaVu Sans Mono",Menlo,Consolas,monospace;font-size:.9em;overflow-wrap:anywhere}
.file,.note,.quiet{color:var(--quiet)}
.file{overflow-wrap:anywhere}
.quiet{font-weight:400;white-space:nowrap}
.clean{--tone:var(--good)}.info{--tone:var(--info)}.warn{--tone:var(--warn)}.hold{--tone:var(--hold)}.error{--tone:var(--bad)}
.bar{display:flex;gap:2px;height:.9rem;border-radius:.45rem;overflow:hidden}
.bar span{min-width:3px;background:var(--tone)}
.legend{list-style:none;display:flex;flex-wrap:wrap;gap:.25rem 1.5rem;padding:0;margin:.75rem 0 0}
.swatch{display:inline-block;width:.75rem;height:.75rem;border-radius:.2rem;background:var(--tone);margin-right:.4rem}
.wide{overflow-x:auto}
table{border-collapse:collapse;width:100%}
th,td{text-align:right;padding:.4rem .75rem;border-bottom:1px solid var(--line);font-variant-numeric:tabular-nums;font-weight:400;white-space:nowrap}
th:first-child{text-align:left;padding-left:0}
td:last-child,th:last-child{padding-right:0}
thead th{color:var(--quiet);font-size:.875rem}
.tag{display:inline-block;min-width:3.5rem;color:var(--tone);font-size:.875rem;font-weight:600}
article{background:var(--raised);border:1px solid var(--line);border-left:4px solid var(--tone);border-radius:.5rem;padding:.75rem 1rem;margin:.75rem 0}
article ul{list-style:none;margin:0;padding:0}
article li{border-top:1px solid var(--line);margin-top:.6rem;padding-top:.6rem}
.where{color:var(--quiet);font-size:.9rem}
dl{display:grid;grid-template-columns:5.5rem 1fr;gap:.1rem .75rem;margin:.25rem 0 0}
dt{color:var(--quiet)}
dd{margin:0;overflow-wrap:anywhere}
@media (max-width:30rem){.quiet{white-space:normal}.tag{display:block}.rules th,.rules td{padding:.4rem .4rem;white-space:normal}}
@media print{article{break-inside:avoid}}
`;
