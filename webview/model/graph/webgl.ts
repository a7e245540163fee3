// Draws a scene with WebGL2: all frames and all cards in one instanced call each, and the edges in view in a few.
import { cividisTexture } from '../../common/cividis';
import { over, type Rgba, type Theme } from '../../common/theme';
import type { Scene } from '../layout/scene';
import type { Camera } from './camera';
import type { Emphasis, Renderer } from './renderer';
import { boxesOfRuns, runsInView } from './segmentRuns';
import { cardFragment, cardVertex, edgeFragment, edgeVertex } from './shaders';

interface Program {
  readonly program: WebGLProgram;
  readonly at: (name: string) => WebGLUniformLocation | null;
}

/** Everything that lives on the graphics card, and is gone after a context loss. */
interface Resources {
  readonly cards: Program;
  readonly edges: Program;
  readonly boxes: WebGLBuffer;
  readonly heat: WebGLBuffer;
  readonly kinds: WebGLBuffer;
  readonly segments: WebGLBuffer;
  readonly markedSegments: WebGLBuffer;
  readonly frameArray: WebGLVertexArrayObject;
  readonly cardArray: WebGLVertexArrayObject;
  readonly edgeArray: WebGLVertexArrayObject;
  readonly markedArray: WebGLVertexArrayObject;
}

export class WebGlRenderer implements Renderer {
  readonly name = 'webgl2';
  private resources: Resources | undefined;
  private scene: Scene | undefined;
  private segments: Float32Array = new Float32Array();
  private runs: Float32Array = new Float32Array();
  private markedSegments: Float32Array = new Float32Array();
  private heat: Float32Array = new Float32Array();
  private emphasis: Emphasis = { selected: -1, hovered: -1, dimmed: undefined };
  private pixelRatio = 1;
  private drawn = 0;

  /** @returns undefined where the browser gives no WebGL2 */
  static create(canvas: HTMLCanvasElement, theme: Theme, redraw: () => void): WebGlRenderer | undefined {
    const gl = canvas.getContext('webgl2', { alpha: true, antialias: false, depth: false, premultipliedAlpha: true, powerPreference: 'low-power' });
    if (gl === null) return undefined;
    try {
      return new WebGlRenderer(canvas, gl, theme, redraw);
    } catch {
      return undefined;
    }
  }

  private constructor(private readonly canvas: HTMLCanvasElement, private readonly gl: WebGL2RenderingContext, private theme: Theme, redraw: () => void) {
    this.resources = createResources(gl);
    canvas.addEventListener('webglcontextlost', (event) => {
      event.preventDefault();
      this.resources = undefined;
    });
    canvas.addEventListener('webglcontextrestored', () => {
      this.resources = createResources(gl);
      this.upload();
      redraw();
    });
  }

  setScene(scene: Scene, segments: Float32Array): void {
    this.scene = scene;
    this.segments = segments;
    this.runs = boxesOfRuns(segments);
    this.heat = new Float32Array(scene.count * 2).fill(-1);
    this.emphasis = { selected: -1, hovered: -1, dimmed: undefined };
    this.markedSegments = new Float32Array();
    this.upload();
  }

  setHeat(heat: Float32Array): void {
    const sameSize = heat.length === this.heat.length;
    this.heat = heat;
    if (this.resources === undefined) return;
    this.gl.bindBuffer(this.gl.ARRAY_BUFFER, this.resources.heat);
    if (sameSize) this.gl.bufferSubData(this.gl.ARRAY_BUFFER, 0, heat);
    else this.gl.bufferData(this.gl.ARRAY_BUFFER, heat, this.gl.DYNAMIC_DRAW);
  }

  setEmphasis(emphasis: Emphasis, segments: Float32Array): void {
    const kindsChanged = emphasis.dimmed !== this.emphasis.dimmed;
    this.emphasis = emphasis;
    if (segments !== this.markedSegments) {
      this.markedSegments = segments;
      if (this.resources !== undefined) fill(this.gl, this.resources.markedSegments, segments);
    }
    if (kindsChanged) this.uploadKinds();
  }

  setTheme(theme: Theme): void {
    this.theme = theme;
  }

  resize(width: number, height: number, pixelRatio: number): void {
    this.pixelRatio = pixelRatio;
    this.canvas.width = Math.max(1, Math.round(width * pixelRatio));
    this.canvas.height = Math.max(1, Math.round(height * pixelRatio));
  }

  draw(camera: Camera): void {
    const { gl, resources, scene } = this;
    this.drawn = 0;
    if (resources === undefined || gl.isContextLost()) return;
    gl.viewport(0, 0, this.canvas.width, this.canvas.height);
    gl.clearColor(0, 0, 0, 0);
    gl.clear(gl.COLOR_BUFFER_BIT);
    if (scene === undefined) return;
    gl.enable(gl.BLEND);
    gl.blendFunc(gl.ONE, gl.ONE_MINUS_SRC_ALPHA);
    const set = (program: Program): void => {
      gl.useProgram(program.program);
      gl.uniform3f(program.at('camera'), camera.x, camera.y, camera.scale * this.pixelRatio);
      gl.uniform2f(program.at('viewport'), this.canvas.width, this.canvas.height);
    };
    set(resources.cards);
    this.setCardUniforms(resources.cards, camera);
    this.drawCards(resources, resources.frameArray, 0, scene.frames);
    set(resources.edges);
    const fade = this.theme.highContrast ? 1 : Math.min(0.75, Math.max(0.25, camera.scale * 1.4));
    const thin = Math.max(0.8, Math.min(1.25, camera.scale * 2));
    // An edge at the border of the view is seen up to its width.
    const reach = 4 / camera.scale;
    const [right, bottom] = [camera.x + this.canvas.width / this.pixelRatio / camera.scale, camera.y + this.canvas.height / this.pixelRatio / camera.scale];
    const inView = runsInView(this.runs, this.segments.length / 4, camera.x - reach, camera.y - reach, right + reach, bottom + reach);
    this.drawEdges(resources.edges, resources.edgeArray, resources.segments, inView, this.theme.edge, fade, thin);
    this.drawEdges(resources.edges, resources.markedArray, resources.markedSegments, [[0, this.markedSegments.length / 4]], this.theme.focus, 1, 2);
    gl.useProgram(resources.cards.program);
    this.drawCards(resources, resources.cardArray, scene.frames, scene.count - scene.frames);
    gl.bindVertexArray(null);
  }

  drawnCards(): number {
    return this.drawn;
  }

  /** Numbers of the instance buffer on the graphics card: 16 bytes for each card. */
  instancesOnDevice(): number {
    if (this.resources === undefined) return 0;
    this.gl.bindBuffer(this.gl.ARRAY_BUFFER, this.resources.boxes);
    return Number(this.gl.getBufferParameter(this.gl.ARRAY_BUFFER, this.gl.BUFFER_SIZE)) / 16;
  }

  dispose(): void {
    this.resources = undefined;
    this.gl.getExtension('WEBGL_lose_context')?.loseContext();
  }

  private setCardUniforms({ at }: Program, camera: Camera): void {
    const { gl, theme } = this;
    const solid = (name: string, colour: Rgba): void => {
      const [red, green, blue] = over(colour, theme.background);
      gl.uniform3f(at(name), red / 255, green / 255, blue / 255);
    };
    gl.uniform1f(at('pixelRatio'), this.pixelRatio);
    gl.uniform1f(at('scale'), camera.scale * this.pixelRatio);
    gl.uniform1i(at('selected'), this.emphasis.selected);
    gl.uniform1i(at('hovered'), this.emphasis.hovered);
    gl.uniform1f(at('outlineAll'), theme.highContrast ? 1 : 0.5);
    gl.uniform1i(at('colourMap'), 0);
    solid('background', theme.background);
    solid('frameColour', theme.frame);
    solid('quiet', theme.input);
    solid('focus', theme.focus);
    const [red, green, blue] = over(theme.border, theme.background);
    gl.uniform4f(at('border'), red / 255, green / 255, blue / 255, 1);
  }

  private drawCards({ cards }: Resources, array: WebGLVertexArrayObject, first: number, count: number): void {
    if (count <= 0) return;
    this.gl.bindVertexArray(array);
    this.gl.uniform1i(cards.at('firstInstance'), first);
    this.gl.drawArraysInstanced(this.gl.TRIANGLE_STRIP, 0, 4, count);
    this.drawn += count;
  }

  private drawEdges({ at }: Program, array: WebGLVertexArrayObject, buffer: WebGLBuffer, stretches: readonly (readonly [first: number, count: number])[], colour: Rgba, opacity: number, width: number): void {
    const { gl } = this;
    const [red, green, blue] = over(colour, this.theme.background);
    gl.bindVertexArray(array);
    gl.bindBuffer(gl.ARRAY_BUFFER, buffer);
    gl.uniform1f(at('width'), width * this.pixelRatio);
    gl.uniform4f(at('ink'), red / 255, green / 255, blue / 255, opacity);
    for (const [first, count] of stretches) {
      if (count === 0) continue;
      gl.vertexAttribPointer(0, 4, gl.FLOAT, false, 16, first * 16);
      gl.drawArraysInstanced(gl.TRIANGLE_STRIP, 0, 4, count);
    }
  }

  private upload(): void {
    const { gl, resources, scene } = this;
    if (resources === undefined || scene === undefined) return;
    fill(gl, resources.boxes, scene.boxes);
    fill(gl, resources.heat, this.heat);
    fill(gl, resources.segments, this.segments);
    fill(gl, resources.markedSegments, this.markedSegments);
    this.uploadKinds();
    bindCards(gl, resources, resources.frameArray, 0);
    bindCards(gl, resources, resources.cardArray, scene.frames);
  }

  private uploadKinds(): void {
    const { gl, resources, scene } = this;
    if (resources === undefined || scene === undefined) return;
    const pairs = new Uint8Array(scene.count * 2);
    for (let card = 0; card < scene.count; card += 1) {
      pairs[card * 2] = scene.kind[card] ?? 0;
      pairs[card * 2 + 1] = this.emphasis.dimmed?.[card] ?? 0;
    }
    fill(gl, resources.kinds, pairs);
  }
}

function fill(gl: WebGL2RenderingContext, buffer: WebGLBuffer, data: Float32Array | Uint8Array): void {
  gl.bindBuffer(gl.ARRAY_BUFFER, buffer);
  gl.bufferData(gl.ARRAY_BUFFER, data, gl.DYNAMIC_DRAW);
}

/** Instanced attributes that begin at card `first`: WebGL2 has no base instance, so the offset stands in the pointers. */
function bindCards(gl: WebGL2RenderingContext, resources: Resources, array: WebGLVertexArrayObject, first: number): void {
  gl.bindVertexArray(array);
  const attribute = (index: number, buffer: WebGLBuffer, size: number, type: number, stride: number): void => {
    gl.bindBuffer(gl.ARRAY_BUFFER, buffer);
    gl.enableVertexAttribArray(index);
    gl.vertexAttribPointer(index, size, type, false, stride, first * stride);
    gl.vertexAttribDivisor(index, 1);
  };
  attribute(0, resources.boxes, 4, gl.FLOAT, 16);
  attribute(1, resources.heat, 2, gl.FLOAT, 8);
  attribute(2, resources.kinds, 2, gl.UNSIGNED_BYTE, 2);
  gl.bindVertexArray(null);
}

function createResources(gl: WebGL2RenderingContext): Resources {
  const segments = gl.createBuffer();
  const markedSegments = gl.createBuffer();
  const lines = (buffer: WebGLBuffer): WebGLVertexArrayObject => {
    const array = gl.createVertexArray();
    gl.bindVertexArray(array);
    gl.bindBuffer(gl.ARRAY_BUFFER, buffer);
    gl.enableVertexAttribArray(0);
    gl.vertexAttribPointer(0, 4, gl.FLOAT, false, 16, 0);
    gl.vertexAttribDivisor(0, 1);
    gl.bindVertexArray(null);
    return array;
  };
  gl.bindTexture(gl.TEXTURE_2D, gl.createTexture());
  gl.texImage2D(gl.TEXTURE_2D, 0, gl.RGBA, 256, 1, 0, gl.RGBA, gl.UNSIGNED_BYTE, cividisTexture());
  for (const [name, value] of [[gl.TEXTURE_MIN_FILTER, gl.LINEAR], [gl.TEXTURE_MAG_FILTER, gl.LINEAR], [gl.TEXTURE_WRAP_S, gl.CLAMP_TO_EDGE], [gl.TEXTURE_WRAP_T, gl.CLAMP_TO_EDGE]] as const) {
    gl.texParameteri(gl.TEXTURE_2D, name, value);
  }
  return {
    cards: compile(gl, cardVertex, cardFragment),
    edges: compile(gl, edgeVertex, edgeFragment),
    boxes: gl.createBuffer(),
    heat: gl.createBuffer(),
    kinds: gl.createBuffer(),
    segments,
    markedSegments,
    frameArray: gl.createVertexArray(),
    cardArray: gl.createVertexArray(),
    edgeArray: lines(segments),
    markedArray: lines(markedSegments),
  };
}

function compile(gl: WebGL2RenderingContext, vertex: string, fragment: string): Program {
  const program = gl.createProgram();
  for (const [type, source] of [[gl.VERTEX_SHADER, vertex], [gl.FRAGMENT_SHADER, fragment]] as const) {
    const shader = gl.createShader(type);
    if (shader === null) throw new Error('The WebGL context is lost.');
    gl.shaderSource(shader, source);
    gl.compileShader(shader);
    gl.attachShader(program, shader);
  }
  gl.linkProgram(program);
  if (gl.getProgramParameter(program, gl.LINK_STATUS) !== true) throw new Error(`The graph's shaders do not link: ${gl.getProgramInfoLog(program) ?? ''}`);
  const known = new Map<string, WebGLUniformLocation | null>();
  return {
    program,
    at(name) {
      let location = known.get(name);
      if (location === undefined) known.set(name, (location = gl.getUniformLocation(program, name)));
      return location;
    },
  };
}
