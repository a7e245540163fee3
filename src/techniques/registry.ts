// Every technique by its id: to add one is to add it here.
import { float16 } from './float16/float16';
import { quantizeDynamic } from './quantize/dynamic';
import { quantizeStatic } from './quantize/static';
import { simplify } from './simplify/simplify';
import type { Technique } from './technique';

export const techniques: ReadonlyMap<string, Technique> = new Map([simplify, quantizeStatic, quantizeDynamic, float16].map((technique) => [technique.id, technique as Technique]));
