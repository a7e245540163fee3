// VS Code's own default themes as a webview sees them: the variables this project uses, with the values of the theme
// files and of the colour registry's defaults (Dark Modern, Light Modern, both high contrasts).
export interface ThemeFixture {
  readonly bodyClass: string;
  readonly variables: Readonly<Record<string, string>>;
}

const font = {
  'font-family': 'system-ui, "Ubuntu", "Droid Sans", sans-serif', 'font-weight': 'normal', 'font-size': '13px',
  'editor-font-family': '"Droid Sans Mono", monospace', 'editor-font-size': '14px',
};

const dark = {
  ...font,
  foreground: '#cccccc', descriptionForeground: '#9d9d9d', disabledForeground: 'rgba(204, 204, 204, 0.5)', errorForeground: '#f85149', focusBorder: '#0078d4',
  'editor-background': '#1f1f1f', 'editor-foreground': '#cccccc', 'editorWidget-background': '#202020', 'widget-border': '#313131', 'panel-border': '#2b2b2b',
  'sideBar-background': '#181818', 'sideBar-foreground': '#cccccc', 'sideBarSectionHeader-foreground': '#cccccc', 'panel-background': '#181818',
  'panelTitle-activeBorder': '#0078d4', 'panelTitle-activeForeground': '#cccccc', 'panelTitle-inactiveForeground': '#9d9d9d',
  'button-background': '#0078d4', 'button-foreground': '#ffffff', 'button-hoverBackground': '#026ec1', 'button-border': 'rgba(255, 255, 255, 0.1)',
  'button-secondaryBackground': '#313131', 'button-secondaryForeground': '#cccccc', 'button-secondaryHoverBackground': '#3c3c3c', 'contrastBorder': '',
  'input-background': '#313131', 'input-foreground': '#cccccc', 'input-border': '#3c3c3c', 'input-placeholderForeground': '#989898',
  'inputOption-activeBackground': 'rgba(36, 137, 219, 0.51)', 'inputOption-activeBorder': '#2488db', 'inputOption-activeForeground': '#ffffff',
  'dropdown-background': '#313131', 'dropdown-foreground': '#cccccc', 'dropdown-border': '#3c3c3c', 'dropdown-listBackground': '#1f1f1f',
  'settings-dropdownBackground': '#313131', 'settings-dropdownBorder': '#3c3c3c', 'settings-dropdownListBorder': '#454545',
  'list-activeSelectionBackground': '#04395e', 'list-activeSelectionForeground': '#ffffff', 'list-inactiveSelectionBackground': '#37373d', 'list-hoverBackground': '#2a2d2e',
  'textLink-foreground': '#4daafc', 'textLink-activeForeground': '#4daafc', 'progressBar-background': '#0078d4', 'badge-background': '#616161', 'badge-foreground': '#f8f8f8',
  'editorWarning-foreground': '#cca700', 'editorInfo-foreground': '#3794ff', 'editorError-foreground': '#f14c4c', 'toolbar-hoverBackground': 'rgba(90, 93, 94, 0.31)', 'sash-hoverBorder': '#0078d4',
  'charts-foreground': '#cccccc', 'charts-lines': 'rgba(204, 204, 204, 0.5)', 'charts-blue': '#3794ff', 'charts-green': '#89d185', 'charts-red': '#f14c4c', 'charts-yellow': '#cca700', 'charts-orange': '#d18616',
  'testing-iconPassed': '#73c991', 'scrollbarSlider-background': 'rgba(121, 121, 121, 0.4)',
};

const light = {
  ...dark,
  foreground: '#3b3b3b', descriptionForeground: '#3b3b3b', disabledForeground: 'rgba(97, 97, 97, 0.5)', errorForeground: '#f85149', focusBorder: '#005fb8',
  'editor-background': '#ffffff', 'editor-foreground': '#3b3b3b', 'editorWidget-background': '#f8f8f8', 'widget-border': '#e5e5e5', 'panel-border': '#e5e5e5',
  'sideBar-background': '#f8f8f8', 'sideBar-foreground': '#3b3b3b', 'sideBarSectionHeader-foreground': '#3b3b3b', 'panel-background': '#f8f8f8',
  'panelTitle-activeBorder': '#005fb8', 'panelTitle-activeForeground': '#3b3b3b', 'panelTitle-inactiveForeground': '#3b3b3b',
  'button-background': '#005fb8', 'button-hoverBackground': '#0258a8', 'button-border': 'rgba(0, 0, 0, 0.1)', 'button-secondaryBackground': '#e5e5e5', 'button-secondaryForeground': '#3b3b3b', 'button-secondaryHoverBackground': '#cccccc',
  'input-background': '#ffffff', 'input-foreground': '#3b3b3b', 'input-border': '#cecece', 'input-placeholderForeground': '#767676',
  'inputOption-activeBackground': '#bed6ed', 'inputOption-activeBorder': '#005fb8', 'inputOption-activeForeground': '#000000',
  'dropdown-background': '#ffffff', 'dropdown-foreground': '#3b3b3b', 'dropdown-border': '#cecece', 'dropdown-listBackground': '#ffffff',
  'settings-dropdownBackground': '#ffffff', 'settings-dropdownBorder': '#cecece', 'settings-dropdownListBorder': '#c8c8c8',
  'list-activeSelectionBackground': '#e8e8e8', 'list-activeSelectionForeground': '#000000', 'list-inactiveSelectionBackground': '#e4e6f1', 'list-hoverBackground': '#f2f2f2',
  'textLink-foreground': '#005fb8', 'textLink-activeForeground': '#005fb8', 'progressBar-background': '#005fb8', 'badge-background': '#cccccc', 'badge-foreground': '#3b3b3b',
  'editorWarning-foreground': '#bf8803', 'editorInfo-foreground': '#1a85ff', 'editorError-foreground': '#e51400', 'toolbar-hoverBackground': 'rgba(184, 184, 184, 0.31)', 'sash-hoverBorder': '#005fb8',
  'charts-foreground': '#3b3b3b', 'charts-lines': 'rgba(59, 59, 59, 0.5)', 'charts-blue': '#1a85ff', 'charts-green': '#388a34', 'charts-red': '#e51400', 'charts-yellow': '#bf8803', 'charts-orange': '#d18616',
  'scrollbarSlider-background': 'rgba(100, 100, 100, 0.4)',
};

const contrastDark = {
  ...font,
  foreground: '#ffffff', descriptionForeground: 'rgba(255, 255, 255, 0.7)', disabledForeground: '#a5a5a5', errorForeground: '#f48771', focusBorder: '#f38518', contrastBorder: '#6fc3df', contrastActiveBorder: '#f38518',
  'editor-background': '#000000', 'editor-foreground': '#ffffff', 'editorWidget-background': '#0c141f', 'widget-border': '#6fc3df', 'panel-border': '#6fc3df', 'panel-background': '#000000',
  'sideBar-background': '#000000', 'panelTitle-activeBorder': '#6fc3df', 'panelTitle-activeForeground': '#ffffff', 'panelTitle-inactiveForeground': '#ffffff',
  'button-background': '#000000', 'button-foreground': '#ffffff', 'button-border': '#6fc3df', 'button-secondaryBackground': '#000000', 'button-secondaryForeground': '#ffffff',
  'input-background': '#000000', 'input-foreground': '#ffffff', 'input-border': '#6fc3df', 'input-placeholderForeground': 'rgba(255, 255, 255, 0.7)', 'inputOption-activeBackground': 'rgba(0, 0, 0, 0)', 'inputOption-activeBorder': '#6fc3df', 'inputOption-activeForeground': '#ffffff',
  'dropdown-background': '#000000', 'dropdown-foreground': '#ffffff', 'dropdown-border': '#6fc3df', 'dropdown-listBackground': '#000000', 'settings-dropdownListBorder': '#6fc3df',
  'list-hoverBackground': 'rgba(255, 255, 255, 0.1)',
  'textLink-foreground': '#21a6ff', 'textLink-activeForeground': '#21a6ff', 'progressBar-background': '#6fc3df', 'badge-background': '#000000', 'badge-foreground': '#ffffff',
  'editorWarning-foreground': '#ffd370', 'editorInfo-foreground': '#59a4f9', 'editorError-foreground': '#f48771',
  'charts-foreground': '#ffffff', 'charts-lines': 'rgba(255, 255, 255, 0.5)', 'charts-blue': '#59a4f9', 'charts-green': '#89d185', 'charts-red': '#f48771', 'charts-yellow': '#ffd370', 'charts-orange': '#d18616',
  'testing-iconPassed': '#73c991', 'scrollbarSlider-background': 'rgba(111, 195, 223, 0.6)',
};

const contrastLight = {
  ...contrastDark,
  foreground: '#292929', descriptionForeground: 'rgba(41, 41, 41, 0.9)', disabledForeground: '#7f7f7f', errorForeground: '#b5200d', focusBorder: '#006bbd', contrastBorder: '#0f4a85', contrastActiveBorder: '#006bbd',
  'editor-background': '#ffffff', 'editor-foreground': '#292929', 'editorWidget-background': '#ffffff', 'widget-border': '#0f4a85', 'panel-border': '#0f4a85', 'panel-background': '#ffffff',
  'sideBar-background': '#ffffff', 'panelTitle-activeBorder': '#b5200d', 'panelTitle-activeForeground': '#292929', 'panelTitle-inactiveForeground': '#292929',
  'button-background': '#0f4a85', 'button-foreground': '#ffffff', 'button-border': '#0f4a85', 'button-secondaryBackground': '#ffffff', 'button-secondaryForeground': '#292929',
  'input-background': '#ffffff', 'input-foreground': '#292929', 'input-border': '#0f4a85', 'input-placeholderForeground': 'rgba(41, 41, 41, 0.7)', 'inputOption-activeForeground': '#292929', 'inputOption-activeBorder': '#0f4a85',
  'dropdown-background': '#ffffff', 'dropdown-foreground': '#292929', 'dropdown-border': '#0f4a85', 'dropdown-listBackground': '#ffffff', 'settings-dropdownListBorder': '#0f4a85',
  'list-hoverBackground': 'rgba(15, 74, 133, 0.1)',
  'textLink-foreground': '#0f4a85', 'textLink-activeForeground': '#0f4a85', 'progressBar-background': '#0f4a85', 'badge-background': '#0f4a85', 'badge-foreground': '#ffffff',
  'editorWarning-foreground': '#895503', 'editorInfo-foreground': '#0063d3', 'editorError-foreground': '#b5200d',
  'charts-foreground': '#292929', 'charts-lines': 'rgba(41, 41, 41, 0.5)', 'charts-blue': '#0063d3', 'charts-green': '#374e06', 'charts-red': '#b5200d', 'charts-yellow': '#895503',
  'testing-iconPassed': '#007100',
};

export const themes = {
  dark: { bodyClass: 'vscode-dark', variables: dark },
  light: { bodyClass: 'vscode-light', variables: light },
  'high-contrast': { bodyClass: 'vscode-high-contrast vscode-dark', variables: contrastDark },
  'high-contrast-light': { bodyClass: 'vscode-high-contrast-light vscode-high-contrast vscode-light', variables: contrastLight },
} as const satisfies Record<string, ThemeFixture>;

export type ThemeName = keyof typeof themes;
