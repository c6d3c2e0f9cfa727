import { statfs } from 'node:fs/promises';
import { either, type Finding, lookAt } from './finding.ts';

const LITTLE = 0.1;
const NOTHING = 0.02;

/** Room where this process writes: `folders` by what they are for. Those that are not there yet are left out. */
export async function diskFindings(folders: Readonly<Record<string, string>>): Promise<Finding[]> {
  const found = Object.entries(folders).map(([name, folder]) =>
    lookAt(
      'disk',
      async () => {
        const { bavail, blocks, bsize } = await statfs(folder);
        const free = bavail / blocks;
        const says = `${Math.round((bavail * bsize) / 1_048_576)} MB, ${Math.round(free * 100)} %, are free for ${name} (${folder})`;
        const level = free < NOTHING ? 'bad' : 'look';
        return [
          either('disk', free < LITTLE, { level, says, type: `du -xh ${folder} | sort -h | tail` }, says),
        ];
      },
      { level: 'unknown', type: `mkdir -p ${folder}` },
    ),
  );
  return (await Promise.all(found)).flat();
}
