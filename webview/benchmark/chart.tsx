// chart.js in a component: only the pieces used are registered, colours come from the theme, nothing moves.
import { Chart, Filler, LineController, LineElement, LinearScale, PointElement, ScatterController, type ChartConfiguration, type Plugin } from 'chart.js';
import type { VNode } from 'preact';
import { useEffect, useRef, useState } from 'preact/hooks';
import { css, onThemeChange, parseColour, readTheme, type Theme } from '../common/theme';

Chart.register(LineController, ScatterController, LineElement, PointElement, LinearScale, Filler);

export type ChartKind = 'line' | 'scatter';

/** Colours and font of a chart in the present theme. */
export interface ChartInk {
  readonly theme: Theme;
  readonly foreground: string;
  readonly muted: string;
  readonly grid: string;
  readonly variant: string;
  readonly variantFill: string;
  readonly source: string;
  readonly sourceFill: string;
  readonly font: { readonly family: string; readonly size: number };
}

export interface ChartProps {
  readonly configure: (ink: ChartInk) => ChartConfiguration<ChartKind, { x: number; y: number }[]>;
  /** What the picture shows, for those who do not see it. */
  readonly label: string;
  readonly height: number;
  /** Changes when the data do. */
  readonly version: unknown;
}

export function ChartCanvas({ configure, label, height, version }: ChartProps): VNode {
  const canvas = useRef<HTMLCanvasElement>(null);
  const [themeCount, setThemeCount] = useState(0);
  useEffect(() => {
    const watch = onThemeChange(() => setThemeCount((count) => count + 1));
    return () => watch.dispose();
  }, []);
  useEffect(() => {
    if (canvas.current === null) return undefined;
    const chart = new Chart(canvas.current, configure(chartInk()));
    return () => chart.destroy();
  }, [version, themeCount]);
  return (
    <div class="chart" style={{ height: `${height.toString()}px` }}>
      <canvas ref={canvas} role="img" aria-label={label} />
    </div>
  );
}

function chartInk(): ChartInk {
  const theme = readTheme();
  const blue = parseColour(getComputedStyle(document.body).getPropertyValue('--vscode-charts-blue')) ?? theme.link;
  return {
    theme,
    foreground: css(theme.foreground), muted: css(theme.muted), grid: css(theme.border, theme.highContrast ? 1 : 0.8),
    variant: css(blue), variantFill: css(blue, theme.highContrast ? 0 : 0.3),
    source: css(theme.muted), sourceFill: css(theme.muted, theme.highContrast ? 0 : 0.2),
    font: { family: theme.fontFamily, size: 11 },
  };
}

export interface PointLabel {
  readonly dataset: number;
  readonly index: number;
  readonly text: string;
}

/** Writes labels beside their points, each on the first side where it meets neither an edge nor another label or mark. */
export function pointLabels(labels: readonly PointLabel[], ink: ChartInk, above = false): Plugin<ChartKind> {
  return {
    id: 'pointLabels',
    afterDatasetsDraw(chart) {
      const { ctx } = chart;
      const height = ink.font.size + 3;
      const placed = labels.flatMap(({ dataset, index, text }) => {
        const point = chart.getDatasetMeta(dataset).data[index];
        return point === undefined ? [] : [{ text, x: point.x, y: point.y, radius: Number(point.options['radius'] ?? 0) }];
      });
      const taken = placed.map((point) => ({ of: point, x: point.x - point.radius, y: point.y, width: 2 * point.radius, half: point.radius }));
      ctx.save();
      ctx.font = `${ink.font.size.toString()}px ${ink.font.family}`;
      ctx.fillStyle = ink.foreground;
      ctx.textBaseline = 'middle';
      for (const point of placed) {
        const { text, radius } = point;
        const shown = text.length > 40 ? `${text.slice(0, 39)}…` : text;
        const { width } = ctx.measureText(shown);
        const [beside, over] = [Math.max(9, radius + 4.5), Math.max(13, radius + 9)];
        const [right, left, centre] = [point.x + beside, point.x - beside - width, point.x - width / 2];
        const sides = [
          { x: centre, y: point.y - Math.max(9, radius + 9) }, { x: right, y: point.y }, { x: left, y: point.y }, { x: centre, y: point.y - over }, { x: centre, y: point.y + over },
          { x: right, y: point.y + 14 }, { x: right, y: point.y - 14 }, { x: left, y: point.y + 14 }, { x: left, y: point.y - 14 },
        ];
        const free = (side: { readonly x: number; readonly y: number }): boolean => side.x >= chart.chartArea.left && side.x + width <= chart.width && side.y >= height / 2 && side.y <= chart.height - height / 2
          && taken.every((other) => other.of === point || side.x > other.x + other.width + 4 || side.x + width + 4 < other.x || Math.abs(side.y - other.y) > height / 2 + other.half);
        const side = (above ? sides : sides.slice(1)).find(free) ?? sides[1];
        if (side === undefined) continue;
        taken.push({ ...side, of: point, width, half: height / 2 });
        ctx.fillText(shown, Math.min(Math.max(0, side.x), chart.width - width), side.y);
      }
      ctx.restore();
    },
  };
}
