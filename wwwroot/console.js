// The consoles: text (xterm.js) and graphical (noVNC) over a WebSocket of our own, and the log, which is read once.
// What opens one gets an object with close(), copy() and paste(); what happens is told to owner.Told(state, sentence).

/** @param kind Text, Graphical or Log */
export async function open(element, kind, ticket, secret, owner) {
  const address = new URL(`/console/${ticket}`, location.href);
  address.protocol = address.protocol.replace('http', 'ws');
  const screen = await screens[kind](element);
  // The secret travels as a protocol's name: what is part of an address ends up in logs.
  const socket = new WebSocket(address, ['portal-console', secret]);
  socket.binaryType = 'arraybuffer';
  let closed = false;
  const tell = (state, sentence) => closed || owner.invokeMethodAsync('Told', state, sentence).catch(() => { closed = true; });
  const leave = () => socket.close(1000);
  socket.addEventListener('open', () => tell('open', ''));
  socket.addEventListener('close', event => {
    removeEventListener('pagehide', leave);
    tell('closed', event.reason || (event.wasClean ? 'The console was closed.' : 'The console could not be reached.'));
  });
  addEventListener('pagehide', leave);
  screen.attach(socket);
  return {
    copy: () => screen.copy(),
    fit: () => screen.fit?.(),
    paste: async () => screen.paste(await clipboardText()),
    focus: () => screen.focus(),
    close: () => {
      closed = true;
      leave();
      screen.dispose();
    },
  };
}

/** The key that means C, wherever the layout has it; where a layout has no Latin letters, the one that has C beside them. */
const isC = event => event.key.toLowerCase() === 'c' || (event.code === 'KeyC' && !/^[a-z]$/i.test(event.key));

const screens = {
  Text: async element => {
    style('./lib/xterm/xterm.css');
    const [{ Terminal }, { FitAddon }] = await Promise.all([import('./lib/xterm/xterm.mjs'), import('./lib/xterm/addon-fit.mjs')]);
    const terminal = new Terminal({
      fontFamily: getComputedStyle(element).getPropertyValue('--mono'),
      fontSize: 14, cursorBlink: true, scrollback: 5000, screenReaderMode: true,
      // A guest that asks for the size gets it: systemd's getty and resize(1) do.
      windowOptions: { getWinSizeChars: true },
      theme: { background: '#101013', foreground: '#e4e4e7', cursor: '#8ab4ff', selectionBackground: '#3b4a6b' },
    });
    const fit = new FitAddon();
    terminal.loadAddon(fit);
    terminal.open(element);
    fit.fit();
    const size = followSize(terminal);
    const watch = new ResizeObserver(() => fit.fit());
    watch.observe(element);
    const copy = () => navigator.clipboard.writeText(terminal.getSelection());
    terminal.attachCustomKeyEventHandler(event => {
      if (event.type === 'keydown' && isC(event) && terminal.hasSelection() && ((event.ctrlKey && event.shiftKey) || event.metaKey)) {
        event.preventDefault();
        copy();
        return false;
      }
      return true;
    });
    return {
      attach: socket => {
        const encoder = new TextEncoder();
        terminal.onData(text => socket.readyState === WebSocket.OPEN && socket.send(encoder.encode(text)));
        terminal.onBinary(text => socket.readyState === WebSocket.OPEN && socket.send(Uint8Array.from(text, c => c.charCodeAt(0))));
        socket.addEventListener('message', event => terminal.write(new Uint8Array(event.data)));
        socket.addEventListener('open', () => terminal.focus());
      },
      copy,
      paste: text => { terminal.paste(text); terminal.focus(); },
      fit: () => { size.tell(); terminal.focus(); },
      focus: () => terminal.focus(),
      dispose: () => { watch.disconnect(); size.dispose(); terminal.dispose(); },
    };
  },

  Graphical: async element => {
    const { default: RFB } = await import('./lib/novnc/core/rfb.js');
    let rfb;
    return {
      attach: socket => {
        rfb = new RFB(element, socket, { shared: true });
        rfb.scaleViewport = true;
        rfb.background = 'transparent';
        rfb.focusOnClick = true;
        rfb.addEventListener('connect', () => rfb.focus());
      },
      copy: () => {},
      paste: text => { type(rfb, text); rfb.focus(); },
      focus: () => rfb.focus(),
      dispose: () => { rfb.disconnect(); element.replaceChildren(); },
    };
  },

  Log: async element => {
    element.textContent = '';
    return {
      attach: socket => {
        const decoder = new TextDecoder();
        let all = '';
        socket.addEventListener('message', event => { all += decoder.decode(event.data, { stream: true }); });
        socket.addEventListener('close', () => { element.textContent = plain(all); element.scrollTop = element.scrollHeight; });
      },
      copy: () => navigator.clipboard.writeText(element.textContent),
      paste: () => {},
      focus: () => element.focus(),
      dispose: () => {},
    };
  },
};

/**
 * A serial line carries no size: the guest believes in 80 by 24 until somebody says otherwise at its shell, and only its owner knows that
 * what waits there is a shell. So the first time it is his press that types it; from then on it is typed again after the window has
 * changed, whenever the very same prompt waits with nothing behind it.
 */
function followSize(terminal) {
  const PAUSE = 400;
  let prompt = null, timer = 0;
  const line = () => {
    const screen = terminal.buffer.active;
    const text = screen.getLine(screen.baseY + screen.cursorY)?.translateToString(false) ?? '';
    return screen.type === 'normal' && text.slice(screen.cursorX).trim() === '' ? text.slice(0, screen.cursorX) : null;
  };
  const type = () => terminal.input(` stty rows ${terminal.rows} cols ${terminal.cols}\r`, true);
  const resized = terminal.onResize(() => {
    clearTimeout(timer);
    timer = setTimeout(() => { if (prompt !== null && line() === prompt) type(); }, PAUSE);
  });
  return {
    tell: () => {
      prompt = line()?.trim() ? line() : null;
      type();
    },
    dispose: () => {
      clearTimeout(timer);
      resized.dispose();
    },
  };
}

/** Without the sequences by which a terminal is told colours and positions. */
function plain(text) {
  // eslint-disable-next-line no-control-regex
  return text
    .replace(/\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)|[@-Z\\-_])/g, '')
    .replace(/\r+\n/g, '\n')
    .replace(/[\x00-\x08\x0b-\x1f]/g, '');
}

const NAMED_KEYS = { '\n': 0xff0d, '\t': 0xff09 };

/** A graphical console takes keys, not text: types it as a US keyboard would. */
function type(rfb, text) {
  const shift = 0xffe1;
  for (const char of text.replace(/\r\n?/g, '\n')) {
    const code = char.codePointAt(0);
    const key = NAMED_KEYS[char] ?? (code < 0x100 ? code : 0x01000000 + code);
    const shifted = /[A-Z~!@#$%^&*()_+{}|:"<>?]/.test(char);
    if (shifted) rfb.sendKey(shift, 'ShiftLeft', true);
    rfb.sendKey(key, null);
    if (shifted) rfb.sendKey(shift, 'ShiftLeft', false);
  }
}

async function clipboardText() {
  try {
    return await navigator.clipboard.readText();
  } catch {
    return prompt('Your browser does not let this page read the clipboard. Paste here:') ?? '';
  }
}

function style(path) {
  const href = new URL(path, import.meta.url).href;
  if (!document.querySelector(`link[href="${href}"]`)) {
    document.head.append(Object.assign(document.createElement('link'), { rel: 'stylesheet', href }));
  }
}
