import EventLoop
import LinuxSystem
import Synchronization

/// The names of hosts in filters, looked up ahead of libpcap. That would wait for a resolver which doesn't answer for ten
/// seconds and more for each name, and nothing could stop it.
enum HostNames {
    private struct Past {
        /// Names for which there was an answer: libpcap gets it as quickly.
        var answered: Set<String> = []
        /// How long this process has waited for names.
        var waited = Duration.zero
    }

    private static let past = Mutex(Past())

    /// Looks up those that nobody has looked up yet.
    /// - Parameter patience: how long this process waits for names, of all filters together; with none, nobody is asked.
    /// - Throws: an error that names the first host for which there is no answer, and who was asked.
    static func check(_ expression: String, framing: Framing, patience: Duration) throws(FilterError) {
        let tokens = tokens(in: expression)
        guard !tokens.isEmpty, areHosts(tokens, of: expression, framing) else { return }
        let before = past.withLock { $0 }
        let new = Set(tokens.map(\.plainText)).subtracting(before.answered).sorted()
        guard !new.isEmpty else { return }
        let left = max(.zero, patience - before.waited)
        let start = ContinuousClock.now
        let silent: Set<String>
        do {
            silent = left == .zero ? Set(new) : try unanswered(new, until: start + left)
        } catch {
            throw FilterError(
                expression: expression, position: tokens[0].range.lowerBound, message: "\(error)", isUnanswered: true)
        }
        past.withLock { past in
            past.answered.formUnion(Set(new).subtracting(silent))
            past.waited += ContinuousClock.now - start
        }
        guard let first = tokens.first(where: { silent.contains($0.plainText) }) else { return }
        let servers = HostLookup.servers
        let resolver =
            servers.isEmpty
            ? "no nameserver in /etc/resolv.conf" : "nameserver \(servers.joined(separator: ", ")) of /etc/resolv.conf"
        throw FilterError(
            expression: expression, position: first.range.lowerBound,
            message: "the host name '\(first.plainText)' can't be looked up: the resolver doesn't answer (\(resolver))",
            isUnanswered: true)
    }

    /// Which of some names no resolver has answered for by then. That there is no such host is an answer. All are asked for at
    /// once.
    private static func unanswered(
        _ names: [String], until end: ContinuousClock.Instant
    ) throws(SystemError) -> Set<String> {
        let loop = try EventLoop()
        var waiting = Set(names)
        var silent: Set<String> = []
        var watches: [String: Watch] = [:]
        for name in names {
            let lookup = try HostLookup(name)
            watches[name] = try loop.watch(lookup.number) { _ in
                if case .failure(let error) = lookup.answer(), error.isUnanswered { silent.insert(name) }
                waiting.remove(name)
                watches[name] = nil
            }
        }
        defer { watches = [:] }
        _ = try loop.run(until: end) { waiting.isEmpty }
        return silent.union(waiting)
    }

    /// Whether addresses can stand where the names are. If not, something else is wrong with the expression, or one of them is
    /// no host's name; libpcap says which.
    private static func areHosts(_ tokens: [FilterToken], of expression: String, _ framing: Framing) -> Bool {
        [{ "198.18.\($0 / 250).\($0 % 250 + 1)" }, { "2001:db8::\($0 + 1)" }].contains { (address: (Int) -> String) in
            var bytes = Array(expression.utf8)
            for (number, token) in tokens.enumerated().reversed() {
                bytes.replaceSubrange(token.range, with: address(number).utf8)
            }
            if case .instructions = Libpcap.compile(String(decoding: bytes, as: UTF8.self), framing) { return true }
            return false
        }
    }

    /// The tokens for which libpcap asks the resolver, as far as they tell it themselves.
    static func tokens(in expression: String) -> [FilterToken] {
        var found: [FilterToken] = []
        // Whether a value is a host's name: what is said of the value before holds for the next (`host a or b`).
        var isHost = true
        var isLinkLayer = false
        var depth = 0
        // Behind one there are numbers, and names that stand for them: `icmp[icmptype] == icmp-echo`.
        var isAfterOperator = false
        for token in FilterToken.tokens(of: expression) {
            if token.kind == .symbol {
                depth += token.text == "[" ? 1 : token.text == "]" ? -1 : 0
                isAfterOperator = !["(", ")", "!", "&&", "||"].contains(token.text)
                continue
            }
            defer { isAfterOperator = false }
            guard depth == 0, !isAfterOperator else { continue }
            switch token.kind == .word ? token.text : "" {
            case "ether", "link", "wlan", "fddi", "tr": isLinkLayer = true
            // Of what isn't a port's, a network's or a protocol's name.
            case "host", "src", "dst": isHost = !isLinkLayer
            case "gateway": isHost = true
            case let word where otherQualifiers.contains(word): isHost = false
            case let word where otherKeywords.contains(word): break
            default:
                if isHost, token.isName { found.append(token) }
                isLinkLayer = false
            }
        }
        return found
    }

    /// Keywords whose values are no names of hosts.
    private static let otherQualifiers: Set<String> = [
        "net", "mask", "port", "portrange", "proto", "protochain", "vlan", "mpls", "pppoes", "geneve", "vxlan", "less",
        "greater", "type", "subtype", "dir", "direction", "on", "ifname", "ifindex", "inbound", "outbound", "rnr",
        "rulenum", "reason", "rset", "ruleset", "srnr", "subrulenum", "action", "vpi", "vci", "lane", "llc",
    ]

    /// Keywords that leave it open.
    private static let otherKeywords: Set<String> = [
        "and", "or", "not", "ip", "ip6", "arp", "rarp", "tcp", "udp", "sctp", "icmp", "icmp6", "igmp", "igrp", "pim",
        "vrrp", "carp", "ah", "esp", "atalk", "aarp", "decnet", "lat", "sca", "moprc", "mopdl", "iso", "esis", "isis",
        "clnp", "stp", "ipx", "netbeui", "radio", "ra", "ta", "addr1", "addr2", "addr3", "addr4", "broadcast",
        "multicast", "len", "length", "pppoed", "ppp", "slip", "icmptype", "icmpcode", "tcpflags", "tcp-fin", "tcp-syn",
        "tcp-rst", "tcp-push", "tcp-ack", "tcp-urg", "tcp-ece", "tcp-cwr", "oam", "oamf4", "metac", "bcc",
    ]
}

extension FilterToken {
    /// Without the backslash that keeps a word from being a keyword.
    fileprivate var plainText: String { kind == .escaped ? String(text.dropFirst()) : text }

    /// Whether it can be a name: not a number, and no address of any kind.
    fileprivate var isName: Bool {
        let text = plainText
        guard text.contains(where: { $0.isLetter }), !text.contains(":"), !text.hasPrefix("0x") else { return false }
        // MAC addresses as others write them: 02-00-00-00-00-01, 0200.0000.0001.
        let groups = text.split { $0 == "-" || $0 == "." }
        let isMAC = [3, 6].contains(groups.count) && groups.allSatisfy { $0.allSatisfy(\.isHexDigit) }
        return !isMAC
    }
}
