"""Interprets the status lines of gpgv.

release/plan/gpgv_status.h makes the same decision for discovery, and explains it.
Repository rules cannot call that, because they run before any program is built.
"""

_LINE_PREFIX = "[GNUPG:] "

# Keywords of a rejected signature, and the reason; %s is the key.
_REFUSALS = {
    "BADSIG": "the file does not match the signature by key %s",
    "ERRSIG": "the signature by key %s cannot be checked",
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

def _parse_key_listing(listing):
    """The keys of a colon listing.

    Returns:
      dict from fingerprint to struct(revoked, expiration): in seconds since the
      epoch, 0 if the key does not expire.
    """
    keys = {}
    key = None
    for line in listing.split("\n"):
        fields = line.split(":")
        if len(fields) < 10:
            continue
        if fields[0] in ("pub", "sub"):
            # The first second, if it is not a number.
            expiration = fields[6] or "0"
            key = struct(
                revoked = fields[1] == "r",
                expiration = int(expiration) if expiration.isdigit() else 1,
            )
        elif fields[0] == "fpr" and key:
            # A keyring may have an older copy of the key too.
            known = keys.get(fields[9], key)
            keys[fields[9]] = struct(
                revoked = known.revoked or key.revoked,
                expiration = known.expiration,
            )
    return keys

def _key_refusal(fingerprints, has_expired, time, keys):
    """The reason to reject a valid signature for its key, or None."""
    for fingerprint in fingerprints:
        key = keys.get(fingerprint)
        if key and key.revoked:
            return "key %s has been revoked"
        if not has_expired:
            continue
        if not key:
            return "key %s has expired"
        if key.expiration and time >= key.expiration:
            return "key %s had expired when it signed"
    return None

def _signature_refusal(lines, keys, fingerprints):
    """The reason why the lines after a NEWSIG reject that signature, or None."""
    refusal = None
    key = "(unknown)"
    primary_key = ""
    time = None
    keywords = [fields[0] for fields in lines]
    for fields in lines:
        refusal = _REFUSALS.get(fields[0], refusal)
        position = _FINGERPRINTS.get(fields[0])
        if position and position < len(fields) and fields[position] != "-":
            key = fields[position]
        if fields[0] == "VALIDSIG":
            time = int(fields[3]) if len(fields) > 3 and fields[3].isdigit() else None
            primary_key = fields[10] if len(fields) > 10 else ""
    has_expired = "EXPKEYSIG" in keywords
    if not refusal:
        if time == None or not ("GOODSIG" in keywords or has_expired):
            refusal = "gpgv did not report the signature by key %s as good and valid"
        elif fingerprints and primary_key not in fingerprints:
            refusal = "the primary key of key %s is not one of the signing_key_fingerprints"
        else:
            refusal = _key_refusal([key, primary_key], has_expired, time, keys)
    return refusal % key if refusal else None

def gpgv_refusal(status_lines, key_listing, fingerprints):
    """Decides whether a file has a valid signature.

    Args:
      status_lines: output of gpgv on its --status-fd.
      key_listing: output of `gpg --with-colons --show-keys` for its keyring.
      fingerprints: list of the primary keys that may sign, in upper case; if it
        is empty, any may.

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
    keys = _parse_key_listing(key_listing)
    for lines in signatures:
        refusal = _signature_refusal(lines, keys, fingerprints)
        if refusal:
            return refusal
    return None
