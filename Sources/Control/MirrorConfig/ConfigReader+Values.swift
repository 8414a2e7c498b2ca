import MirrorModel

/// The keys of a mirror that hold a single value.
extension ConfigReader {
    mutating func readKey(_ entry: YAMLEntry, _ keys: inout MirrorKeys) {
        let node = entry.node
        switch entry.key {
        case "from": keys.sources = readSources(node)
        case "to": keys.outputs = readOutputs(node)
        case "vlans": keys.vlans = readVLANs(node)
        case "filter": keys.filter = text(node, "filter", "a pcap-filter expression")
        case "sample": keys.sample = number(node, "sample", sampleRange)
        case "snaplen": keys.snaplen = number(node, "snaplen", snaplenRange)
        case "spread": keys.spread = truth(node, "spread")
        case "engine": keys.engine = readEngine(node)
        case "reserve": keys.reserve = truth(node, "reserve")
        case "keep-offloads": keys.keepOffloads = truth(node, "keep-offloads")
        case "until": readUntil(entry, &keys)
        case "for": readFor(entry, &keys)
        default: reportUnknown(entry, MirrorKeys.known)
        }
    }

    /// A scalar's text, whatever it looks like.
    mutating func text(_ node: YAMLNode, _ key: String, _ expected: String) -> String? {
        guard case .scalar(let text, _) = node.value, !node.isNull else {
            report(node.mark, "'\(key)' has to be \(expected); found \(node.described)")
            return nil
        }
        return text
    }

    mutating func number(_ node: YAMLNode, _ key: String, _ range: ClosedRange<UInt32>) -> UInt32? {
        let expected = "'\(key)' has to be a number from \(range.lowerBound) to \(range.upperBound)"
        guard case .scalar(let text, let isPlain) = node.value, isPlain, isWholeNumber(text) else {
            report(node.mark, "\(expected); found \(node.described)")
            return nil
        }
        // To YAML 1.1 a leading zero means octal, to 1.2 nothing.
        guard text == "0" || text.utf8.first != UInt8(ascii: "0") else {
            report(node.mark, "\(expected), without leading zeros; found \(node.described)")
            return nil
        }
        guard let number = UInt32(text), range.contains(number) else {
            report(node.mark, "\(expected); found \(node.described)")
            return nil
        }
        return number
    }

    private func isWholeNumber(_ text: String) -> Bool {
        !text.isEmpty && text.utf8.allSatisfy(\.isASCIIDigit)
    }

    private mutating func truth(_ node: YAMLNode, _ key: String) -> Bool? {
        if case .scalar(let text, isPlain: true) = node.value {
            switch text {
            case "true", "True", "TRUE": return true
            case "false", "False", "FALSE": return false
            default: break
            }
        }
        report(node.mark, "'\(key)' has to be true or false; found \(node.described)")
        return nil
    }

    private mutating func readEngine(_ node: YAMLNode) -> EngineName? {
        let known = EngineName.words
        guard let word = text(node, "engine", known.joined(separator: " or ")) else { return nil }
        if known.contains(word) { return EngineName(word: word) }
        report(node.mark, "unknown engine \(quoted(word))" + suggestion(for: word, among: known, called: "engines"))
        return nil
    }

    private mutating func readUntil(_ entry: YAMLEntry, _ keys: inout MirrorKeys) {
        let expected = "a date and time, as in 2026-12-01T12:00:00Z"
        guard claimTime(entry, other: "for", keys), let text = text(entry.node, "until", expected) else { return }
        do {
            keys.until = try parseTimestamp(text)
        } catch {
            report(entry.node.mark, "'until': \(error)")
        }
    }

    private mutating func readFor(_ entry: YAMLEntry, _ keys: inout MirrorKeys) {
        guard claimTime(entry, other: "until", keys), let text = text(entry.node, "for", "a duration, as in 10m")
        else { return }
        do {
            let end = now.adding(seconds: try parseDuration(text))
            guard timestampRange.contains(end.secondsSince1970) else {
                return report(entry.node.mark, "'for': \(quoted(text)) from now isn't in the years 1970 to 9999")
            }
            keys.until = end
        } catch {
            report(entry.node.mark, "'for': \(error)")
        }
    }

    /// A mirror's end is given once.
    private mutating func claimTime(_ entry: YAMLEntry, other: String, _ keys: MirrorKeys) -> Bool {
        guard keys.positions[other] != nil else { return true }
        report(entry.keyMark, "'for' and 'until' both say when the mirror ends; give one of them")
        return false
    }
}
