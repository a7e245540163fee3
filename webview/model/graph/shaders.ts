// GLSL for the graph: rounded cards coloured from a map, and edges as thin antialiased quads.

/** Both programs: world to clip space; `camera` is x, y, scale in device pixels per world unit. */
const toClip = `
uniform vec3 camera;
uniform vec2 viewport;
vec4 toClip(vec2 pixel) {
  vec2 unit = pixel / viewport * 2.0 - 1.0;
  return vec4(unit.x, -unit.y, 0.0, 1.0);
}`;

export const cardVertex = `#version 300 es
precision highp float;
precision highp int;
layout(location = 0) in vec4 box;
layout(location = 1) in vec2 heat;
layout(location = 2) in vec2 kindAndDim;
uniform int firstInstance;
uniform int selected;
uniform int hovered;
uniform float pixelRatio;
${toClip}
out vec2 local;
flat out vec2 size;
flat out vec2 cardHeat;
flat out int kind;
flat out float dim;
flat out int mark;
void main() {
  int id = gl_InstanceID + firstInstance;
  kind = int(kindAndDim.x + 0.5);
  dim = kindAndDim.y;
  mark = id == selected ? 2 : (id == hovered ? 1 : 0);
  cardHeat = heat;
  size = box.zw * camera.z;
  vec2 corner = vec2(gl_VertexID & 1, gl_VertexID >> 1);
  float reach = 3.0 * pixelRatio + (kind == 1 ? 6.0 * camera.z : 0.0);
  local = corner * (size + 2.0 * reach) - reach;
  gl_Position = toClip((box.xy - camera.xy) * camera.z + local);
}`;

export const cardFragment = `#version 300 es
precision highp float;
precision highp int;
in vec2 local;
flat in vec2 size;
flat in vec2 cardHeat;
flat in int kind;
flat in float dim;
flat in int mark;
uniform float pixelRatio;
uniform float scale;
uniform sampler2D colourMap;
uniform vec3 background;
uniform vec3 frameColour;
uniform vec4 border;
uniform vec3 quiet;
uniform vec3 focus;
uniform float outlineAll;
out vec4 colour;
float roundedBox(vec2 point, vec2 half_, float radius) {
  vec2 q = abs(point) - half_ + radius;
  return length(max(q, 0.0)) + min(max(q.x, q.y), 0.0) - radius;
}
vec4 blend(vec4 under, vec3 top, float alpha) {
  return vec4(mix(under.rgb, top, alpha), max(under.a, alpha));
}
void main() {
  vec2 half_ = size * 0.5;
  float radius = min(min(kind >= 3 ? size.y * 0.5 : 4.0 * scale, half_.x), half_.y);
  float distance_ = roundedBox(local - half_, half_, radius);
  vec3 fill = kind == 0 ? frameColour : (kind >= 3 ? background : quiet);
  bool hot = (kind == 1 || kind == 2) && cardHeat.x >= 0.0;
  if (hot) fill = texture(colourMap, vec2(cardHeat.x * (255.0 / 256.0) + 0.5 / 256.0, 0.5)).rgb;
  vec4 result = vec4(fill, 0.0);
  if (kind == 1) {
    // The edge of a second card behind: there is more inside.
    vec2 behind = half_ - vec2(5.0 * scale, 0.0);
    float back = roundedBox(local - half_ + vec2(0.0, 4.0 * scale), behind, radius);
    result = blend(result, mix(fill, background, 0.45), 1.0 - smoothstep(-0.5, 0.5, back));
  }
  float inside = 1.0 - smoothstep(-0.5, 0.5, distance_);
  float ground = kind == 1 ? 1.0 - smoothstep(-0.5, 0.5, distance_ - 1.0 * pixelRatio) : 0.0;
  result = blend(result, background, ground);
  result = blend(result, fill, inside);
  if (kind == 1 && hot && size.y > 20.0) {
    // Share of the whole, as a bar along the bottom edge.
    float lift_ = 2.0 * scale;
    bool onBar = local.y > size.y - lift_ * 2.2 && local.y < size.y - lift_ * 0.9 && local.x > 8.0 * scale && local.x < size.x - 8.0 * scale;
    float along = (local.x - 8.0 * scale) / (size.x - 16.0 * scale);
    vec3 ink = dot(fill, vec3(0.299, 0.587, 0.114)) > 0.46 ? vec3(0.0) : vec3(1.0);
    if (onBar) result.rgb = mix(result.rgb, ink, along < cardHeat.y ? 0.75 : 0.16);
  }
  float line = 1.0 - smoothstep(0.0, 1.0, abs(distance_ + 0.5 * pixelRatio) - 0.5 * pixelRatio + 0.5);
  float lineAlpha = (kind == 0 || kind >= 3 || !hot) ? border.a : max(0.0, outlineAll) * border.a;
  result = blend(result, border.rgb, line * lineAlpha);
  if (mark > 0) {
    float width = (mark == 2 ? 2.0 : 1.0) * pixelRatio;
    float ring = 1.0 - smoothstep(0.0, 1.0, abs(distance_ - width * 0.5) - width * 0.5 + 0.5);
    result = blend(result, focus, ring);
  }
  float visible = dim > 0.5 ? 0.22 : 1.0;
  colour = vec4(result.rgb * result.a, result.a) * visible;
}`;

export const edgeVertex = `#version 300 es
precision highp float;
layout(location = 0) in vec4 segment;
uniform float width;
${toClip}
out float across;
void main() {
  vec2 from = (segment.xy - camera.xy) * camera.z;
  vec2 to = (segment.zw - camera.xy) * camera.z;
  vec2 along = to - from;
  float length_ = max(length(along), 0.001);
  vec2 normal = vec2(-along.y, along.x) / length_;
  float side = float(gl_VertexID & 1) * 2.0 - 1.0;
  float reach = width * 0.5 + 1.0;
  vec2 end = (gl_VertexID >> 1) == 0 ? from : to;
  across = side * reach;
  gl_Position = toClip(end + normal * across);
}`;

export const edgeFragment = `#version 300 es
precision highp float;
in float across;
uniform float width;
uniform vec4 ink;
out vec4 colour;
void main() {
  float alpha = ink.a * (1.0 - smoothstep(width * 0.5 - 0.5, width * 0.5 + 0.5, abs(across)));
  colour = vec4(ink.rgb * alpha, alpha);
}`;
