/// A token of a filter expression, found as libpcap's scanner.l finds it: the longest match wins.
struct FilterToken: Hashable {
    enum Kind: Hashable {
        /// A number, name or address: whatever isn't one of the others.
        case word
        /// `\word`: a word that is never a keyword.
        case escaped
        /// An operator, a bracket, or a character that libpcap doesn't know.
        case symbol
    }

    let kind: Kind
    let text: String
    /// In bytes of UTF-8 from the start of the expression.
    let range: Range<Int>

    /// The tokens of an expression.
    static func tokens(of expression: String) -> [FilterToken] {
        let bytes = Array(expression.utf8)
        var tokens: [FilterToken] = []
        var start = 0
        while start < bytes.count {
            if [0x20, 0x0d, 0x0a, 0x09].contains(bytes[start]) {
                start += 1
                continue
            }
            let (kind, length) = scan(bytes[start...])
            let range = start..<start + length
            tokens.append(FilterToken(kind: kind, text: String(decoding: bytes[range], as: UTF8.self), range: range))
            start += length
        }
        return tokens
    }

    private static func scan(_ rest: ArraySlice<UInt8>) -> (Kind, Int) {
        guard let first = rest.first else { return (.symbol, 0) }
        if first == UInt8(ascii: "\\") {
            let stops = Array(" !()\n\t".utf8)
            let length = rest.dropFirst().prefix { !stops.contains($0) }.count
            return length > 0 ? (.escaped, 1 + length) : (.symbol, 1)
        }
        let length = max(AddressScanner.length(of: rest), wordLength(rest))
        if length > 0 { return (.word, length) }
        let pair = String(decoding: rest.prefix(2), as: UTF8.self)
        if [">=", "<=", "!=", "==", "<<", ">>", "&&", "||"].contains(pair) { return (.symbol, 2) }
        // The other bytes of a character beyond ASCII belong to it.
        return (.symbol, 1 + (first < 0x80 ? 0 : rest.dropFirst().prefix { $0 & 0xc0 == 0x80 }.count))
    }

    /// `[A-Za-z0-9]([-_.A-Za-z0-9]*[.A-Za-z0-9])?`
    private static func wordLength(_ rest: ArraySlice<UInt8>) -> Int {
        guard let first = rest.first, isAlphanumeric(first) else { return 0 }
        let run = rest.prefix { isAlphanumeric($0) || [UInt8(ascii: "-"), 0x5f, 0x2e].contains($0) }
        let trailing = run.reversed().prefix { $0 == UInt8(ascii: "-") || $0 == 0x5f }
        return run.count - trailing.count
    }

    private static func isAlphanumeric(_ byte: UInt8) -> Bool {
        isDecimal(byte) || (0x61...0x7a).contains(byte | 0x20)
    }
}

private func isDecimal(_ byte: UInt8) -> Bool { (0x30...0x39).contains(byte) }

/// The tokens that hold colons: MAC addresses, what libpcap calls bogus ones, and IPv6 addresses.
private enum AddressScanner {
    /// The length of the longest address at the beginning, 0 if there is none.
    static func length(of rest: ArraySlice<UInt8>) -> Int {
        let run = Array(rest.prefix { isHexadecimal($0) || $0 == 0x3a || $0 == 0x2e }.prefix(64))
        guard run.contains(0x3a) else { return 0 }
        for length in stride(from: run.count, through: 2, by: -1) {
            let text = run.prefix(length)
            if isMAC(text) || isBogus(text) || isIPv6(text) { return length }
        }
        return 0
    }

    /// Six groups of one or two digits.
    private static func isMAC(_ text: ArraySlice<UInt8>) -> Bool {
        let groups = text.split(separator: 0x3a, omittingEmptySubsequences: false)
        return groups.count == 6 && groups.allSatisfy { isGroup($0, upTo: 2) }
    }

    /// `{B}:+({B}:+)+`
    private static func isBogus(_ text: ArraySlice<UInt8>) -> Bool {
        guard text.first != 0x3a, text.last == 0x3a else { return false }
        let groups = text.split(separator: 0x3a)
        return groups.count >= 2 && groups.allSatisfy { isGroup($0, upTo: 2) }
    }

    /// Eight groups, or fewer with one `::`; two of them may be written as an IPv4 address.
    private static func isIPv6(_ text: ArraySlice<UInt8>) -> Bool {
        var groups = text.split(separator: 0x3a, omittingEmptySubsequences: false)
        var limit = 8
        if let last = groups.last, last.contains(0x2e) {
            let parts = last.split(separator: 0x2e, omittingEmptySubsequences: false)
            guard parts.count == 4, parts.allSatisfy({ isNumber($0) }) else { return false }
            groups.removeLast()
            limit = 6
            if groups.last?.isEmpty == true { groups.append([]) }
        }
        // `::` leaves one empty group within, two at an end, three if it is all there is.
        let filled = groups.filter { !$0.isEmpty }
        guard filled.allSatisfy({ isGroup($0, upTo: 4) }) else { return false }
        let empty = groups.count - filled.count
        if empty == 0 { return filled.count == limit }
        let atStart = groups.first?.isEmpty == true
        let atEnd = groups.last?.isEmpty == true
        let expected = 1 + (atStart ? 1 : 0) + (atEnd ? 1 : 0)
        let together = zip(groups, groups.dropFirst()).filter { $0.isEmpty && $1.isEmpty }.count
        return empty == expected && together == expected - 1 && filled.count < limit
    }

    private static func isGroup(_ text: ArraySlice<UInt8>, upTo count: Int) -> Bool {
        (1...count).contains(text.count) && text.allSatisfy(isHexadecimal)
    }

    private static func isNumber(_ text: ArraySlice<UInt8>) -> Bool {
        !text.isEmpty && text.allSatisfy(isDecimal)
    }

    private static func isHexadecimal(_ byte: UInt8) -> Bool {
        isDecimal(byte) || (0x61...0x66).contains(byte | 0x20)
    }
}
