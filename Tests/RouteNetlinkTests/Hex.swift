/// Bytes written as commented hex: whatever follows a `#` on a line is left out.
func hex(_ text: String) -> [UInt8] {
    let lines = text.split(separator: "\n").map { $0.prefix { $0 != "#" } }
    return lines.joined(separator: " ").split(separator: " ").map { byte in
        guard byte.utf8.count == 2, let value = UInt8(byte, radix: 16) else { preconditionFailure("not hex: \(byte)") }
        return value
    }
}
