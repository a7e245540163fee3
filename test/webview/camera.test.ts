// What the graph shows at first and when a card is asked for: computed from boxes by hand.
import { describe, expect, it } from 'vitest';
import { open, reveal } from '../../webview/model/graph/camera';

const view = { width: 1000, height: 500 };

describe('the first look', () => {
  it('shows a small model whole, in the middle, no larger than life', () => {
    expect(open({ x: 0, y: 0, width: 400, height: 300 }, view)).toEqual({ x: -300, y: -100, scale: 1 });
  });

  it('shows a large model from its top, with what it starts with in the middle', () => {
    const camera = open({ x: 0, y: 0, width: 8000, height: 9000 }, view, 6000);
    // At scale 1 the view is 1000 wide: 6000 − 500.
    expect(camera).toMatchObject({ x: 5500, scale: 1 });
    expect(camera.y).toBeLessThanOrEqual(0);
  });
});

describe('a card that is asked for', () => {
  it('is brought to the middle from far away', () => {
    const camera = reveal({ x: 0, y: 0, scale: 1 }, { x: 5000, y: 5000, width: 200, height: 40 }, view);
    expect(camera).toEqual({ x: 4600, y: 4770, scale: 1 });
  });

  it('moves nothing when it is in view', () => {
    const camera = { x: 0, y: 0, scale: 1 };
    expect(reveal(camera, { x: 300, y: 200, width: 200, height: 40 }, view)).toBe(camera);
  });
});
