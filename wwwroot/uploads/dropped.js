// Files that were dropped or picked, folders walked through: [{ file, path }], the path as it is below what was dropped.

/** Takes the entries before it waits: a drop's lists are empty once its event has been handled. */
export async function dropped(transfer) {
  const entries = [...transfer.items].filter(item => item.kind === 'file').map(item => item.webkitGetAsEntry?.() ?? item.getAsFile());
  const found = [];
  for (const entry of entries) {
    if (entry instanceof File) found.push({ file: entry, path: entry.name });
    else if (entry) await walk(entry, found);
  }
  return found;
}

export function picked(input) {
  const found = [...input.files].map(file => ({ file, path: file.webkitRelativePath || file.name }));
  input.value = '';
  return found;
}

async function walk(entry, found) {
  if (entry.isFile) {
    found.push({ file: await new Promise((resolve, reject) => entry.file(resolve, reject)), path: entry.fullPath.replace(/^\//, '') });
    return;
  }
  const reader = entry.createReader();
  // A folder is told in portions; an empty one is the end.
  for (let part = await portion(reader); part.length > 0; part = await portion(reader)) {
    for (const child of part) await walk(child, found);
  }
}

function portion(reader) {
  return new Promise((resolve, reject) => reader.readEntries(resolve, reject));
}
