// The house's floors: a folder may import only from those above it in this list (src/extension and webview: base and protocol only).
const floors = ['base', 'protocol', 'tensor', 'graph', 'operators', 'formats', 'analysis', 'runtime', 'training', 'techniques', 'recipes', 'advice', 'search', 'deploy', 'engine', 'cli'];
/** Forbids one floor to import from the floors below it in the list. */
const rule = (floor, index) => ({
  name: `${floor}-imports-upwards-only`,
  severity: 'error',
  from: { path: `^src/${floor}/` },
  to: { path: `^(src/(${[...floors.slice(index + 1), 'extension'].join('|')})/|webview/)` },
});
module.exports = {
  forbidden: [
    ...floors.map(rule),
    { name: 'extension-knows-messages-only', severity: 'error', from: { path: '^src/extension/' }, to: { path: '^(src/|webview/)', pathNot: '^src/(base|protocol|extension)/' } },
    { name: 'webview-knows-messages-only', severity: 'error', from: { path: '^webview/' }, to: { path: '^src/', pathNot: '^src/(base|protocol)/' } },
    { name: 'only-the-extension-knows-vscode', severity: 'error', from: { pathNot: '^src/extension/' }, to: { path: '^vscode$' } },
    { name: 'only-the-runner-knows-onnxruntime', severity: 'error', from: { pathNot: '^src/runtime/' }, to: { path: 'onnxruntime-(node|common|web)' } },
    { name: 'only-the-runner-knows-tensorflow', severity: 'error', from: { path: '^(src|webview)/', pathNot: '^src/runtime/tensorflow/' }, to: { path: '@tensorflow/' } },
    { name: 'no-cycles', severity: 'error', from: {}, to: { circular: true, viaOnly: { dependencyTypesNot: ['type-only'] } } },
  ],
  options: { doNotFollow: { path: 'node_modules' }, tsPreCompilationDeps: true, tsConfig: { fileName: 'tsconfig.json' } },
};
