import YAMLEvents

/// Makes a tree of a document's events: resolves aliases, finds duplicate keys, refuses what a file has no use for.
struct YAMLTreeBuilder {
    private(set) var problems: [Problem] = []
    /// The latest node of each anchor so far: a later one of the same name takes its place.
    private var anchors: [String: Measured] = [:]
    /// Values up to now, in aliases too. Aliases share what they stand for, so it is whoever walks the tree that suffers.
    private var values = 0

    /// The most values of a file, each alias counted as all that it stands for. A file of the greatest size has fewer of
    /// any use.
    static let mostValues = 1_000_000

    /// A node, how deep what is in it nests, and how many values it has with itself.
    private struct Measured {
        var node: YAMLNode
        var depth = 0
        var values = 1
    }

    /// A sequence or mapping whose end hasn't come.
    private struct Open {
        let mark: Mark
        let anchor: String?
        let isMapping: Bool
        var nodes: [YAMLNode] = []
        var depth = 1
        var values = 1

        mutating func add(_ item: Measured) {
            nodes.append(item.node)
            depth = max(depth, item.depth + 1)
            values += item.values
        }
    }

    /// Reads up to the end of the document that has begun; not by recursion, for documents nest as deep as they like.
    /// - Returns: nil where there is no whole document, or one that is too much; then ``problems`` says so.
    mutating func build(_ parser: inout YAMLParser) throws(YAMLError) -> YAMLNode? {
        var open: [Open] = []
        while true {
            let event = try parser.next()
            let mark = Mark(event.mark)
            var finished: Measured?
            switch event.kind {
            case .sequenceStart(let anchor, let tag):
                check(tag, ["tag:yaml.org,2002:seq"], mark)
                open.append(Open(mark: mark, anchor: anchor, isMapping: false))
            case .mappingStart(let anchor, let tag):
                check(tag, ["tag:yaml.org,2002:map"], mark)
                open.append(Open(mark: mark, anchor: anchor, isMapping: true))
            case .sequenceEnd, .mappingEnd:
                guard let last = open.popLast() else { return nil }
                let value: YAMLNode.Value =
                    last.isMapping ? .mapping(entries(of: last.nodes)) : .sequence(last.nodes)
                let node = YAMLNode(mark: last.mark, value: value)
                values += 1
                // Only now: within itself, an anchor isn't known yet.
                finished = anchored(Measured(node: node, depth: last.depth, values: last.values), last.anchor)
            case .alias(let name):
                let stands = alias(name, mark)
                values += stands.values
                guard open.count + stands.depth <= YAMLParser.mostNesting else {
                    report(mark, "it is nested too deeply, with what the alias '*\(name)' stands for")
                    return nil
                }
                finished = stands
            case .scalar(let scalar):
                let node = YAMLNode(mark: mark, value: value(of: scalar, mark))
                values += 1
                finished = anchored(Measured(node: node), scalar.anchor)
            case .documentStart: continue
            case .documentEnd, .streamEnd: return nil
            }
            guard values <= Self.mostValues else {
                report(mark, "too much: more than 1,000,000 values, each alias counted as all that it stands for")
                return nil
            }
            guard let finished else { continue }
            guard !open.isEmpty else { return finished.node }
            open[open.count - 1].add(finished)
        }
    }

    private mutating func anchored(_ node: Measured, _ anchor: String?) -> Measured {
        if let anchor { anchors[anchor] = node }
        return node
    }

    /// What it stands for, in its own place.
    private mutating func alias(_ name: String, _ mark: Mark) -> Measured {
        if var stands = anchors[name] {
            stands.node = YAMLNode(mark: mark, value: stands.node.value)
            return stands
        }
        report(mark, "there is no anchor '&\(name)' before this")
        return Measured(node: YAMLNode(mark: mark, value: .scalar("", isPlain: false)))
    }

    private mutating func value(of scalar: YAMLScalarEvent, _ mark: Mark) -> YAMLNode.Value {
        guard let tag = scalar.tag else { return .scalar(scalar.text, isPlain: scalar.isPlain) }
        let guessed = ["int", "bool", "null", "float", "timestamp"].map { "tag:yaml.org,2002:\($0)" }
        if guessed.contains(tag) { return .scalar(scalar.text, isPlain: true) }
        check(tag, ["tag:yaml.org,2002:str"], mark)
        return .scalar(scalar.text, isPlain: false)
    }

    private mutating func entries(of nodes: [YAMLNode]) -> [YAMLEntry] {
        var entries: [YAMLEntry] = []
        entries.reserveCapacity(nodes.count / 2)
        var lines: [String: Int] = [:]
        for place in stride(from: 0, to: nodes.count - 1, by: 2) {
            let key = nodes[place]
            guard case .scalar(let text, _) = key.value else {
                report(key.mark, "a key has to be a word, not \(key.described)")
                continue
            }
            if let line = lines[text] {
                report(key.mark, "\(quoted(text)) is already on line \(line)")
            } else {
                lines[text] = key.mark.line
            }
            entries.append(YAMLEntry(key: text, keyMark: key.mark, node: nodes[place + 1]))
        }
        return entries
    }

    /// `!` alone says no more than that nothing is to be guessed.
    private mutating func check(_ tag: String?, _ known: [String], _ mark: Mark) {
        guard let tag, tag != "!", !known.contains(tag) else { return }
        report(mark, "the tag \(quoted(tag)) has no meaning here")
    }

    private mutating func report(_ mark: Mark, _ message: String) {
        problems.append(Problem(mark: mark, message: message))
    }
}

extension Mark {
    init(_ mark: YAMLMark) { self.init(line: mark.line, column: mark.column) }
}
