// Files that were dropped or picked, folders walked through: [{ file, path }], the path as it is below what was dropped. What cannot be
// sent has a problem instead of a file.

/** Takes the entries before it waits: a drop's lists are empty once its event has been handled. */
export async function dropped(transfer) {
  const entries = [...transfer.items].filter(item => item.kind === 'file').map(item => item.webkitGetAsEntry?.() ?? item.getAsFile());
  const found = [];
  for (const entry of entries) {
    if (entry instanceof File) found.push({ file: entry, path: entry.name });
    else if (entry) await walk(entry, found);
  }
  if (found.length === 0 && entries[0]) found.push({ path: entries[0].name, problem: 'The folder is empty: there is nothing to upload.' });
  return found;
}

export function picked(input) {
  const found = [...input.files].map(file => ({ file, path: file.webkitRelativePath || file.name }));
  input.value = '';
  return found;
}

async function walk(entry, found) {
  const path = entry.fullPath.replace(/^\//, '');
  try {
    await (entry.isFile ? take(entry, path, found) : open(entry, found));
  } catch {
    // One that may not be read does not keep the others back.
    found.push({ path, problem: `${entry.isFile ? 'The file' : 'The folder'} cannot be read on this computer.` });
  }
}

async function take(entry, path, found) {
  found.push({ file: await new Promise((resolve, reject) => entry.file(resolve, reject)), path });
}

async function open(entry, found) {
  const reader = entry.createReader();
  // A folder is told in portions; an empty one is the end.
  for (let part = await portion(reader); part.length > 0; part = await portion(reader)) {
    for (const child of part) await walk(child, found);
  }
}

function portion(reader) {
  return new Promise((resolve, reject) => reader.readEntries(resolve, reject));
}
