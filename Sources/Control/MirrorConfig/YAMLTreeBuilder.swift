import Yams

/// Makes this library's nodes of Yams' ones: resolves aliases, finds duplicate keys, refuses what a file has no use for.
struct YAMLTreeBuilder {
    let masked: MaskedText
    private(set) var problems: [Problem] = []
    /// The latest node of each anchor so far: a later one of the same name takes its place.
    private var anchors: [String: YAMLNode] = [:]

    init(masked: MaskedText) { self.masked = masked }

    /// The depth is no more than what libyaml lets through, 1,000 flow and block collections each.
    mutating func build(_ node: Node) -> YAMLNode {
        let mark = node.mark.map(Mark.init) ?? Mark(line: 1, column: 1)
        let anchor = node.anchor?.rawValue
        let built = YAMLNode(mark: mark, value: value(of: node, mark))
        // After the node: within itself, its anchor isn't known yet.
        if let anchor { anchors[anchor] = built }
        return built
    }

    private mutating func value(of node: Node, _ mark: Mark) -> YAMLNode.Value {
        switch node {
        case .scalar(let scalar):
            return value(of: scalar, mark)
        case .sequence(let sequence):
            check(sequence.tag.kind, [.implicit, .nonSpecific, .seq], mark)
            var nodes: [YAMLNode] = []
            nodes.reserveCapacity(sequence.count)
            for element in sequence { nodes.append(build(element)) }
            return .sequence(nodes)
        case .mapping(let mapping):
            check(mapping.tag.kind, [.implicit, .nonSpecific, .map], mark)
            return .mapping(entries(of: mapping))
        case .alias:
            // Yams makes these in trees that are written, never in trees that were read.
            return .scalar("", isPlain: true)
        }
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
            let mark = keyNode.mark.map(Mark.init) ?? Mark(line: 1, column: 1)
            if let key = key(keyNode, mark) {
                if let line = lines[key] {
                    report(mark, "\(quoted(key)) is already on line \(line)")
                } else {
                    lines[key] = mark.line
                }
                entries.append(YAMLEntry(key: key, keyMark: mark, node: build(valueNode)))
            } else {
                _ = build(valueNode)
            }
        }
        return entries
    }

    private mutating func key(_ node: Node, _ mark: Mark) -> String? {
        guard case .scalar(let text, _) = build(node).value else {
            report(mark, "a key has to be a word, not a list or a mapping")
            return nil
        }
        return text
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
