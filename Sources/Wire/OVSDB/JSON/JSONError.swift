internal import Notation

/// Bytes that aren't what they should be, and where.
struct JSONError: Error {
    let reason: String
    /// Counted from the start of the buffer, not of the message.
    let offset: Int
}

extension OVSDBError {
    /// - Parameter bytes: the buffer that the error's offset counts in.
    init(_ error: JSONError, in bytes: [UInt8], operation: String = "understand the server", object: String) {
        self.init(
            .protocolViolation, operation: operation, object: object,
            details: "\(error.reason), near \(excerpt(of: bytes, around: error.offset))")
    }
}

/// A few bytes of a message, fit for a terminal.
func excerpt(of bytes: [UInt8], around place: Int) -> String {
    let start = max(0, min(place - 24, bytes.count))
    let end = max(start, min(place + 16, bytes.count))
    var text = start > 0 ? "…" : ""
    for byte in bytes[start..<end] {
        if (0x20..<0x7f).contains(byte) {
            text.unicodeScalars.append(Unicode.Scalar(byte))
        } else {
            text += "\\x" + byte.digits(2, radix: 16)
        }
    }
    return "«\(text)\(end < bytes.count ? "…" : "")»"
}
