"""An event as the demo knows it, before it reaches any program of Rhumb."""

import dataclasses

PAYLOAD_MAX = 65536


def encode_level(raw):
    """One topic level from bytes, by the rule of docs/protocol.md: % / + # controls and bytes that are not UTF-8 as %XX."""
    text = []
    position = 0
    while position < len(raw):
        size, char = next_character(raw, position)
        if char is None or char in "%/+#" or ord(char) < 0x20 or ord(char) == 0x7F:
            text += [f"%{byte:02X}" for byte in raw[position:position + size]]
        else:
            text.append(char)
        position += size
    return "".join(text)


def next_character(raw, position):
    """(bytes, character) at @position; (1, None) for a byte that begins no well-formed character."""
    for size in (1, 2, 3, 4):
        try:
            return size, raw[position:position + size].decode("utf-8")
        except UnicodeDecodeError:
            continue
    return 1, None


@dataclasses.dataclass(frozen=True)
class Event:
    topic: str
    attributes: dict
    payload: bytes

    @property
    def too_large(self):
        return len(self.payload) > PAYLOAD_MAX
