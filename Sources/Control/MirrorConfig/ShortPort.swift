public import MirrorModel

/// The items of a short list, such as `vnet0,vnet1`, with the blanks around them left out.
///
/// An interface's name may hold a comma; such a one is named in a file, as `port: "a,b"`, where nothing is a list.
public func parseList(_ text: String) -> [String] {
    text.split(separator: ",", omittingEmptySubsequences: false).map { item in
        String(item.drop { $0 == " " }.reversed().drop { $0 == " " }.reversed())
    }
}

/// Reads a port's name as people type it. What they can hardly have meant as one is an error, though the kernel might take
/// it for a name: an address, a pattern, a direction that there isn't. A file's `port:` takes any name.
/// - Throws: ``NameError``
public func parsePort(_ text: String) throws(NameError) -> PortName {
    func error(_ problem: String) -> NameError { NameError(name: text, problem: problem, kind: "a port") }
    if text.utf8.contains(where: { "*?[".utf8.contains($0) }) {
        throw error("patterns aren't supported yet; name each port")
    }
    if isAddress(text) {
        throw error(
            "that is an address. Name an interface of this machine ('portmirror ports' lists them); for copies to "
                + "another machine, make a tunnel to it and name the tunnel's interface")
    }
    if let colon = text.utf8.lastIndex(of: UInt8(ascii: ":")),
        directionWords.contains(text[text.utf8.index(after: colon)...].lowercased())
    {
        throw error("the directions are :ingress, :egress and :both")
    }
    return try PortName(text)
}

/// What a person may type for a direction.
private let directionWords: Set<String> = [
    "i", "in", "ing", "ingres", "ingress", "rx", "input", "inbound", "e", "eg", "out", "egres", "egress", "tx",
    "output",
    "outbound", "bi", "both",
]

/// Whether it is an IP address, with a prefix length or without, or a MAC address.
private func isAddress(_ text: String) -> Bool {
    let host = text.utf8.prefix { $0 != UInt8(ascii: "/") }
    let parts = host.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false)
    if parts.count == 4, parts.allSatisfy({ (1...3).contains($0.count) && $0.allSatisfy(\.isASCIIDigit) }) {
        return true
    }
    return host.count { $0 == UInt8(ascii: ":") } >= 2
        && host.allSatisfy { $0.isASCIIHexDigit || $0 == UInt8(ascii: ":") }
}
