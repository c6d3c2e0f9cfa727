import { describe, expect, it } from '@jest/globals';
import { visible } from '../../src/runtime/visibleText.ts';

describe('visible text', () => {
  it.each([
    ['clears the screen', '\u001b[2J', '\\u001b[2J'],
    ['clears the screen in one character less', '\u009b2J', '\\u009b2J'],
    ['deletes', 'a\u007f', 'a\\u007f'],
    ['rings and ends', '\u0007\u0000', '\\u0007\\u0000'],
    ['turns the direction', 'abc\u202e\u2066', 'abc\\u202e\\u2066'],
    ['hides', 'a\u200b\u200d\ufeff\u00ad', 'a\\u200b\\u200d\\ufeff\\u00ad'],
    ['is a tag beyond 16 bits', 'a\u{e0041}', 'a\\udb40\\udc41'],
    ['is half of a pair', 'a\ud800', 'a\\ud800'],
    ['ends a line', 'a\nb\rc\u2028d\u2029e\u0085f', 'a\\nb\\rc\\u2028d\\u2029e\\u0085f'],
    ['is a tab', 'a\tb', 'a\\tb'],
  ])('shows what %s', (_, text, shown) => {
    expect(visible(text)).toBe(shown);
  });

  it.each(['', 'ordinary', 'Zoë 東京 ﷽ 🙂', 'a\\u001b', '"quoted"'])('leaves %j as it is', (text) => {
    expect(visible(text)).toBe(text);
  });

  it('changes no value of JSON, whatever character is in it', () => {
    const all = Array.from({ length: 0x3000 }, (_, code) => String.fromCodePoint(code)).join('');
    const value = {
      text: `${all}${String.fromCodePoint(0xe0001)}${String.fromCharCode(0xd800)}`,
      'key\u202e': ['\u009b'],
    };
    const line = visible(JSON.stringify(value));
    expect(JSON.parse(line)).toEqual(value);
    expect(line).not.toMatch(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/u);
  });
});
