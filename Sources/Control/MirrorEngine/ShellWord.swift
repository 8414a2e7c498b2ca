internal import MirrorModel
internal import Notation

/// A text as one word for a shell: as it is, or in quotes if the shell would act on something in it.
///
/// What can't be shown stands as an escape in `$'…'`, which bash, ksh and zsh read (and POSIX since 2024).
public func shellWord(_ text: String) -> String {
    if text.unicodeScalars.contains(where: \.isUnprintable) { return "$'" + text.utf8.map(escaped).joined() + "'" }
    let isPlain = text.utf8.allSatisfy { byte in
        byte.isASCIILetter || byte.isASCIIDigit || "-_./:,=+@%".utf8.contains(byte)
    }
    guard !isPlain || text.isEmpty else { return text }
    return "'" + text.split(separator: "'", omittingEmptySubsequences: false).joined(separator: "'\\''") + "'"
}

private func escaped(_ byte: UInt8) -> String {
    switch byte {
    case UInt8(ascii: "'"), UInt8(ascii: "\\"): return "\\" + String(Unicode.Scalar(byte))
    case 0x20..<0x7f: return String(Unicode.Scalar(byte))
    default: return "\\x" + byte.digits(2, radix: 16)
    }
}
