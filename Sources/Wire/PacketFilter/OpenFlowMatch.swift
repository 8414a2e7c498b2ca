/// A pcap-filter(7) expression as one OpenFlow match (ovs-fields(7)) that selects the same frames.
///
/// A match is a conjunction of exact values, so only such an expression has one: primitives joined by `and`, each of
/// which stands for one value. `tcp`, for one, means IPv4 or IPv6 to libpcap; `ip and tcp` is a match.
/// Open vSwitch reads protocols and ports of well-formed packets alone; libpcap looks at the bytes whatever they are.
/// - Returns: such as `tcp,nw_src=10.0.0.1,tp_dst=80`.
/// - Throws: ``OpenFlowMatchError`` saying which part can't be stated so. The expression is taken to be one that
///   libpcap accepts.
public func openFlowMatch(_ expression: String) throws(OpenFlowMatchError) -> String {
    var match = OpenFlowFields()
    let tokens = FilterToken.tokens(of: expression)
    var primitive: [String] = []
    for token in tokens {
        switch token.text {
        case "and", "&&":
            try match.add(primitive)
            primitive = []
        case "or", "||": throw OpenFlowMatchError("it is an alternative ('\(token.text)')")
        case "not", "!": throw OpenFlowMatchError("it is a negation ('\(token.text)')")
        case "(", ")": throw OpenFlowMatchError("it has brackets")
        default: primitive.append(token.kind == .escaped ? String(token.text.dropFirst()) : token.text)
        }
    }
    try match.add(primitive)
    return try match.rendered()
}

/// Why an expression is no OpenFlow match.
public struct OpenFlowMatchError: Error, Hashable, Sendable, CustomStringConvertible {
    /// In words, without a full stop.
    public let description: String

    init(_ description: String) { self.description = description }
}

/// The values that a conjunction asks for.
private struct OpenFlowFields {
    private enum Family: String { case ip, ipv6, arp, rarp }

    private var family: Family?
    private var etherType: UInt16?
    private var ipProtocol: UInt8?
    /// The protocol's word, where it was said without a family: it needs one.
    private var loose: String?
    private var values: [String: String] = [:]

    private static let protocols: [String: UInt8] = ["icmp": 1, "tcp": 6, "udp": 17, "sctp": 132]
    private static let order = ["dl_src", "dl_dst", "nw_src", "nw_dst", "ipv6_src", "ipv6_dst", "tp_src", "tp_dst"]

    mutating func add(_ words: [String]) throws(OpenFlowMatchError) {
        var words = words[...]
        guard let first = words.popFirst() else { throw OpenFlowMatchError("it is empty") }
        switch first {
        case "ip" where words.isEmpty: try set(.ip)
        case "ip6" where words.isEmpty: try set(.ipv6)
        case "arp" where words.isEmpty: try set(.arp)
        case "rarp" where words.isEmpty: try set(.rarp)
        case "icmp" where words.isEmpty:
            try set(.ip)
            try set(protocol: 1)
        case "broadcast" where words.isEmpty: try set("dl_dst", "ff:ff:ff:ff:ff:ff")
        case "ip": try addIP(words)
        case "ip6": try addIPv6(words)
        case "ether": try addEthernet(words)
        case "tcp", "udp", "sctp":
            loose = first
            try set(protocol: Self.protocols[first] ?? 0)
            if !words.isEmpty { try addPort(words, first) }
        case "vlan": throw OpenFlowMatchError("'vlan' is said with the mirror's VLAN list instead")
        default: throw OpenFlowMatchError("'\(([first] + words).joined(separator: " "))' isn't one exact value")
        }
    }

    private mutating func addIP(_ words: ArraySlice<String>) throws(OpenFlowMatchError) {
        try set(.ip)
        var words = words
        switch words.popFirst() {
        case "proto":
            guard let text = words.popFirst(), words.isEmpty, let number = Self.protocols[text] ?? UInt8(text) else {
                throw OpenFlowMatchError("'ip proto' wants one number")
            }
            try set(protocol: number)
        case "broadcast", "multicast": throw OpenFlowMatchError("'ip multicast' is a range of addresses")
        case let way?: try addAddress(way, words, "nw", isAddress: Self.isIPv4)
        case nil: break
        }
    }

    private mutating func addIPv6(_ words: ArraySlice<String>) throws(OpenFlowMatchError) {
        try set(.ipv6)
        var words = words
        guard let way = words.popFirst(), way != "proto" else {
            throw OpenFlowMatchError(
                "Open vSwitch looks behind IPv6 extension headers for the protocol, libpcap doesn't")
        }
        try addAddress(way, words, "ipv6") { $0.contains(":") && !$0.contains("/") }
    }

    private mutating func addAddress(
        _ way: String, _ words: ArraySlice<String>, _ prefix: String, isAddress: (String) -> Bool
    ) throws(OpenFlowMatchError) {
        guard way == "src" || way == "dst" else {
            throw OpenFlowMatchError(
                way == "host"
                    ? "'host' can be the sender or the receiver; say src or dst"
                    : "'\(([way] + words).joined(separator: " "))' isn't one exact value")
        }
        var words = words
        if words.first == "host" { words.removeFirst() }
        guard words.count == 1, let address = words.first, isAddress(address) else {
            throw OpenFlowMatchError("'\(words.joined(separator: " "))' isn't one address")
        }
        try set("\(prefix)_\(way)", address)
    }

    private mutating func addEthernet(_ words: ArraySlice<String>) throws(OpenFlowMatchError) {
        var words = words
        switch words.popFirst() {
        case "proto":
            guard let text = words.popFirst(), words.isEmpty else {
                throw OpenFlowMatchError("'ether proto' wants one number")
            }
            try addEtherType(text)
        case "broadcast" where words.isEmpty: try set("dl_dst", "ff:ff:ff:ff:ff:ff")
        case let way?:
            try addAddress(way, words, "dl") { $0.split(separator: ":").count == 6 }
        case nil: throw OpenFlowMatchError("'ether' says nothing")
        }
    }

    private mutating func addEtherType(_ text: String) throws(OpenFlowMatchError) {
        let named: [String: Family] = ["ip": .ip, "ip6": .ipv6, "arp": .arp, "rarp": .rarp]
        if let family = named[text] { return try set(family) }
        let number = text.hasPrefix("0x") ? UInt16(text.dropFirst(2), radix: 16) : UInt16(text)
        // Below, it is a length field, and libpcap looks at the LLC header; tags are set aside.
        guard let number, number >= 0x600, ![0x8100, 0x88a8, 0x9100].contains(number) else {
            throw OpenFlowMatchError("'ether proto \(text)' isn't the type of what a frame carries")
        }
        switch number {
        case 0x0800: try set(.ip)
        case 0x86dd: try set(.ipv6)
        case 0x0806: try set(.arp)
        case 0x8035: try set(.rarp)
        default:
            guard family == nil, etherType == nil || etherType == number else { throw Self.contradiction }
            etherType = number
        }
    }

    private mutating func addPort(_ words: ArraySlice<String>, _ word: String) throws(OpenFlowMatchError) {
        let words = Array(words)
        guard words.count == 3, words[0] == "src" || words[0] == "dst", words[1] == "port" else {
            throw OpenFlowMatchError("'\(word) \(words.joined(separator: " "))' isn't one port in one direction")
        }
        // Later fragments have no port, which Open vSwitch takes for 0.
        guard let port = UInt16(words[2]), port > 0 else {
            throw OpenFlowMatchError("'\(words[2])' isn't a port's number from 1 to 65535")
        }
        try set("tp_\(words[0])", "\(port)")
    }

    // MARK: Values

    private static let contradiction = OpenFlowMatchError("its parts contradict each other")

    private mutating func set(_ wanted: Family) throws(OpenFlowMatchError) {
        guard family == nil || family == wanted, etherType == nil else { throw Self.contradiction }
        family = wanted
    }

    private mutating func set(protocol wanted: UInt8) throws(OpenFlowMatchError) {
        guard ipProtocol == nil || ipProtocol == wanted else { throw Self.contradiction }
        ipProtocol = wanted
    }

    private mutating func set(_ field: String, _ value: String) throws(OpenFlowMatchError) {
        let value = value.lowercased()
        guard values[field] == nil || values[field] == value else { throw Self.contradiction }
        values[field] = value
    }

    private static func isIPv4(_ text: String) -> Bool {
        let parts = text.split(separator: ".", omittingEmptySubsequences: false)
        return parts.count == 4 && parts.allSatisfy { UInt8($0) != nil }
    }

    func rendered() throws(OpenFlowMatchError) -> String {
        if let loose, family != .ip {
            throw OpenFlowMatchError(
                family == nil
                    ? "'\(loose)' means IPv4 or IPv6: say 'ip and \(loose)' for IPv4 alone"
                    : "Open vSwitch looks behind IPv6 extension headers for the protocol, libpcap doesn't")
        }
        guard ipProtocol == nil || family == .ip else { throw Self.contradiction }
        var parts: [String] = []
        let word = Self.protocols.first { $0.value == ipProtocol }?.key
        if let word {
            parts.append(word)
        } else if let family {
            parts.append(family.rawValue)
            if let ipProtocol { parts.append("nw_proto=\(ipProtocol)") }
        }
        if let etherType { parts.append("dl_type=0x" + String(etherType, radix: 16)) }
        parts += Self.order.compactMap { field in values[field].map { "\(field)=\($0)" } }
        return parts.joined(separator: ",")
    }
}
