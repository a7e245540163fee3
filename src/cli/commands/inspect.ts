// `lathe inspect MODEL`: structure, costs and findings.
import type { Session } from '../program';
import { inspectionLines } from '../render/inspection';
import { print, printJson } from '../terminal';

export interface InspectOptions {
  readonly bind: Readonly<Record<string, number>>;
  readonly deep?: true;
  readonly followCacheLinks?: true;
  readonly layers: number;
  readonly json?: true;
}

export async function inspect(session: Session, path: string, options: InspectOptions): Promise<void> {
  const service = await import('../../engine/service');
  const inspection = await service.inspect(path, { bindings: options.bind, deep: options.deep ?? false, followCacheLinks: options.followCacheLinks ?? false }, session.context);
  session.line.clear();
  if (options.json) printJson(inspection);
  else for (const line of inspectionLines(inspection, { layers: options.layers })) print(line);
}
