import Yams

/// Makes this library's nodes of Yams' ones: resolves aliases, finds duplicate keys, refuses what a file has no use for.
struct YAMLTreeBuilder {
    let masked: MaskedText
    private(set) var problems: [Problem] = []
    /// The latest node of each anchor so far: a later one of the same name takes its place.
    private var anchors: [String: YAMLNode] = [:]

    init(masked: MaskedText) { self.masked = masked }

    /// The depth is no more than what libyaml lets through, 1,000 flow and block collections each.
    ///
    /// Most of the time goes into copies of Yams' nodes: each is unpacked once, and its weak anchor left alone
    /// where there are no aliases.
    mutating func build(_ node: Node) -> YAMLNode {
        switch node {
        case .scalar(let scalar):
            let mark = Mark(scalar.mark)
            return anchored(
                YAMLNode(mark: mark, value: value(of: scalar, mark)), masked.hasAliases ? scalar.anchor : nil)
        case .sequence(let sequence):
            let mark = Mark(sequence.mark)
            check(sequence.tag.kind, [.implicit, .nonSpecific, .seq], mark)
            var nodes: [YAMLNode] = []
            nodes.reserveCapacity(sequence.count)
            for element in sequence { nodes.append(build(element)) }
            return anchored(
                YAMLNode(mark: mark, value: .sequence(nodes)), masked.hasAliases ? sequence.anchor : nil)
        case .mapping(let mapping):
            let mark = Mark(mapping.mark)
            check(mapping.tag.kind, [.implicit, .nonSpecific, .map], mark)
            return anchored(
                YAMLNode(mark: mark, value: .mapping(entries(of: mapping))), masked.hasAliases ? mapping.anchor : nil)
        case .alias(let alias):
            // Yams makes these in trees that are written, never in trees that were read.
            return YAMLNode(mark: Mark(alias.mark), value: .scalar("", isPlain: true))
        }
    }

    /// Remembers the node if it has an anchor. Only when it is complete: within itself, the anchor isn't known yet.
    private mutating func anchored(_ node: YAMLNode, _ anchor: Anchor?) -> YAMLNode {
        if let anchor { anchors[anchor.rawValue] = node }
        return node
    }

    private mutating func value(of scalar: Node.Scalar, _ mark: Mark) -> YAMLNode.Value {
        if scalar.style == .plain, let name = masked.alias(scalar.string) {
            if !name.utf8.allSatisfy(isAnchorCharacter) {
                report(mark, "an alias ends its value; text that begins with '*' goes in quotes")
            } else if let node = anchors[String(name)] {
                return node.value
            } else {
                report(mark, "there is no anchor '&\(name)' before this")
            }
            return .scalar("", isPlain: false)
        }
        let text = masked.unmasked(scalar.string)
        switch scalar.tag.kind {
        case .implicit: return .scalar(text, isPlain: scalar.style == .plain)
        case .int, .bool, .null, .float, .timestamp: return .scalar(text, isPlain: true)
        default: check(scalar.tag.kind, [.str, .nonSpecific], mark)
        }
        return .scalar(text, isPlain: false)
    }

    private mutating func entries(of mapping: Node.Mapping) -> [YAMLEntry] {
        var entries: [YAMLEntry] = []
        entries.reserveCapacity(mapping.count)
        var lines: [String: Int] = [:]
        for (keyNode, valueNode) in mapping {
            let key = build(keyNode)
            let value = build(valueNode)
            guard case .scalar(let text, _) = key.value else {
                report(key.mark, "a key has to be a word, not \(key.described)")
                continue
            }
            if let line = lines[text] {
                report(key.mark, "\(quoted(text)) is already on line \(line)")
            } else {
                lines[text] = key.mark.line
            }
            entries.append(YAMLEntry(key: text, keyMark: key.mark, node: value))
        }
        return entries
    }

    private mutating func check(_ tag: Tag.Name, _ known: [Tag.Name], _ mark: Mark) {
        if !known.contains(tag) { report(mark, "the tag \(quoted(tag.rawValue)) has no meaning here") }
    }

    private mutating func report(_ mark: Mark, _ message: String) {
        problems.append(Problem(mark: mark, message: message))
    }
}

extension Tag {
    /// The tag as it is written, where `Node.tag` would have it guessed.
    fileprivate var kind: Name { Name(rawValue: rawValue) }
}
