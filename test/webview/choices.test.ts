// Keys within a row of choices.
import { describe, expect, it } from 'vitest';
import { choiceByKey } from '../../webview/common/choices';

describe('a row of choices', () => {
  it.each([
    ['ArrowRight', 0, 1],
    ['ArrowDown', 1, 2],
    ['ArrowRight', 2, 0],
    ['ArrowLeft', 0, 2],
    ['ArrowUp', 2, 1],
    ['Home', 2, 0],
    ['End', 0, 2],
  ])('is moved in by %s from %i to %i', (key, from, to) => expect(choiceByKey(key, from, 3)).toBe(to));
  it('leaves other keys alone', () => expect(choiceByKey('Enter', 0, 3)).toBeUndefined());
});
