"""Interprets the status lines of gpgv.

release/plan/gpgv_status.h makes the same decision for discovery, and explains it.
Repository rules cannot call that, because they run before any program is built.
"""

_LINE_PREFIX = "[GNUPG:] "

# Keywords of a rejected signature, and the reason; %s is the key.
_REFUSALS = {
    "BADSIG": "the file does not match the signature by key %s",
    "ERRSIG": "the signature by key %s cannot be checked",
    "EXPKEYSIG": "key %s has expired",
    "EXPSIG": "the signature by key %s has expired",
    # Follows an ERRSIG that has the key.
    "NO_PUBKEY": "key %s is not in the keyring",
    "REVKEYSIG": "key %s has been revoked",
}

# The index of the argument that is the key's fingerprint.
_FINGERPRINTS = {
    "ERRSIG": 7,
    "KEY_CONSIDERED": 1,
    "VALIDSIG": 1,
}

def _signature_refusal(lines):
    """The reason why the lines after a NEWSIG reject that signature, or None."""
    refusal = None
    key = "(unknown)"
    keywords = [fields[0] for fields in lines]
    for fields in lines:
        refusal = _REFUSALS.get(fields[0], refusal)
        position = _FINGERPRINTS.get(fields[0])
        if position and position < len(fields) and fields[position] != "-":
            key = fields[position]
    if refusal:
        return refusal % key
    if "GOODSIG" not in keywords or "VALIDSIG" not in keywords:
        return "gpgv did not report the signature by key %s as good and valid" % key
    return None

def gpgv_refusal(status_lines):
    """Decides whether a file has a valid signature.

    Args:
      status_lines: output of gpgv on its --status-fd.

    Returns:
      None if there is at least one signature and all are good and valid;
      otherwise the reason, in one line.
    """
    signatures = []
    for line in status_lines.split("\n"):
        if not line.startswith(_LINE_PREFIX):
            continue
        fields = line[len(_LINE_PREFIX):].split(" ")
        if fields[0] == "NEWSIG":
            signatures.append([])
        elif signatures:
            signatures[-1].append(fields)
    if not signatures:
        return "not an OpenPGP signature"
    for lines in signatures:
        refusal = _signature_refusal(lines)
        if refusal:
            return refusal
    return None
