// Makes any accent the page asks for readable: AA contrast for words on it and for words in it.

const DEFAULT = [13, 110, 104];
const AA = 4.5;
// Words in the accent colour are small; a little more than AA keeps them comfortable.
const COMFORT = 5.5;
const WHITE = [255, 255, 255];
const INK = [22, 25, 29];
const SURFACES = { light: WHITE, dark: [29, 32, 37] };

// {accent, onAccent, accentText} as CSS colours for a theme.
export function accentColours(wish, theme) {
  const accent = parseColour(wish) ?? DEFAULT;
  const surface = SURFACES[theme];
  return {
    accent: css(accent),
    onAccent: css(contrast(accent, WHITE) >= AA ? WHITE : better(accent)),
    accentText: css(readable(accent, surface, theme === "dark" ? WHITE : INK)),
  };
}

function better(background) {
  return contrast(background, WHITE) > contrast(background, INK) ? WHITE : INK;
}

// Steps towards the pole until the colour can be read on the surface.
function readable(colour, surface, pole) {
  for (let share = 0; share < 1; share += 0.05) {
    const mixed = colour.map((part, index) => Math.round(part + (pole[index] - part) * share));
    if (contrast(mixed, surface) >= COMFORT) return mixed;
  }
  return pole;
}

// The browser reads the colour, so every notation it knows is allowed, and nothing else can get into the styles.
function parseColour(wish) {
  if (!wish || !CSS.supports("color", wish)) return null;
  const probe = document.createElement("span");
  probe.style.color = wish;
  document.documentElement.append(probe);
  const parts = /^rgba?\((\d+), (\d+), (\d+)/.exec(getComputedStyle(probe).color);
  probe.remove();
  return parts && parts.slice(1, 4).map(Number);
}

// WCAG 2.2, relative luminance and contrast ratio.
export function contrast(one, other) {
  const [light, dark] = [luminance(one), luminance(other)].sort((a, b) => b - a);
  return (light + 0.05) / (dark + 0.05);
}

function luminance(colour) {
  const [red, green, blue] = colour.map((part) => {
    const share = part / 255;
    return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
}

function css(colour) {
  return `rgb(${colour.join(" ")})`;
}
