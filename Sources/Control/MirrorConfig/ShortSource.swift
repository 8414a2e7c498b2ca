public import MirrorModel

/// Reads a source's short form: a port's name with an optional `:ingress`, `:egress` or `:both` at its end.
///
/// Interface names may hold colons, so only the last part counts, and only if it is one of these words:
/// `eth0:1:ingress` is the ingress of port `eth0:1`.
/// - Throws: ``NameError`` if what is left isn't a port's name.
public func parseSource(_ text: String) throws(NameError) -> Source {
    if let colon = text.utf8.lastIndex(of: UInt8(ascii: ":")),
        let direction = Direction(rawValue: String(text[text.utf8.index(after: colon)...]))
    {
        return .port(try parsePort(String(text[..<colon])), direction)
    }
    return .port(try parsePort(text), .both)
}
