// Asks for a password or a second factor from a page with a circuit, which has no request of its own to set it down. Answers null, or the sentence for the person.
function post(address, fields) {
  const token = document.querySelector('input[name=__RequestVerificationToken]').value;
  return fetch(address, { method: 'POST', body: new URLSearchParams({ __RequestVerificationToken: token, ...fields }) });
}

async function said(answer) {
  return answer.ok ? null : answer.status === 403 ? answer.text() : 'Portal did not answer. Reload the page.';
}

// What was wrong is typed anew.
export function again(form) {
  const field = document.querySelector(`#${form} input`);
  field?.focus();
  field?.select();
}

export async function byCode(code) {
  return said(await post('/proof/check', { code }));
}

export async function byPassword(password) {
  return said(await post('/proof/check', { password }));
}

export async function byPasskey() {
  try {
    const options = await post('/passkeys/request-options', {});
    if (!options.ok) return 'Too many attempts. Wait a minute.';
    const publicKey = PublicKeyCredential.parseRequestOptionsFromJSON(await options.json());
    const credential = await navigator.credentials.get({ publicKey });
    return said(await post('/proof/check', { credential: JSON.stringify(credential) }));
  } catch {
    return 'No passkey was used. Try again, or enter a code.';
  }
}
