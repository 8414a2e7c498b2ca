import YAMLEvents

/// Makes a tree of a document's events: resolves aliases, finds duplicate keys, refuses what a file has no use for.
struct YAMLTreeBuilder {
    private(set) var problems: [Problem] = []
    /// The latest node of each anchor so far: a later one of the same name takes its place.
    private var anchors: [String: YAMLNode] = [:]

    /// A sequence or mapping whose end hasn't come.
    private struct Open {
        let mark: Mark
        let anchor: String?
        let isMapping: Bool
        var nodes: [YAMLNode] = []
    }

    /// Reads up to the end of the document that has begun; not by recursion, for documents nest as deep as they like.
    mutating func build(_ parser: inout YAMLParser) throws(YAMLError) -> YAMLNode? {
        var open: [Open] = []
        while true {
            let event = try parser.next()
            let mark = Mark(event.mark)
            var finished: YAMLNode?
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
                // Only now: within itself, an anchor isn't known yet.
                finished = anchored(YAMLNode(mark: last.mark, value: value), last.anchor)
            case .alias(let name): finished = alias(name, mark)
            case .scalar(let scalar):
                finished = anchored(YAMLNode(mark: mark, value: value(of: scalar, mark)), scalar.anchor)
            case .documentStart: continue
            case .documentEnd, .streamEnd: return nil
            }
            guard let finished else { continue }
            guard !open.isEmpty else { return finished }
            open[open.count - 1].nodes.append(finished)
        }
    }

    private mutating func anchored(_ node: YAMLNode, _ anchor: String?) -> YAMLNode {
        if let anchor { anchors[anchor] = node }
        return node
    }

    /// What it stands for, in its own place.
    private mutating func alias(_ name: String, _ mark: Mark) -> YAMLNode {
        if let node = anchors[name] { return YAMLNode(mark: mark, value: node.value) }
        report(mark, "there is no anchor '&\(name)' before this")
        return YAMLNode(mark: mark, value: .scalar("", isPlain: false))
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
