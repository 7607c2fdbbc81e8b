// What Blazor cannot do by itself. Functions are called from C# by the name portal.*.
const dark = matchMedia('(prefers-color-scheme: dark)');

window.portal = {
  prefersDark: () => dark.matches,
  copy: text => navigator.clipboard.writeText(text),
  download: (name, text) => {
    const link = document.createElement('a');
    link.href = URL.createObjectURL(new Blob([text], { type: 'application/octet-stream' }));
    link.download = name;
    link.click();
    URL.revokeObjectURL(link.href);
  },
};
