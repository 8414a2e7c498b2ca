import YAMLEvents

/// Where everything of a YAML document stands, for edits in place. Places are counted in Unicode scalars, without a byte
/// order mark.
struct YAMLLayout {
    /// A value and its place.
    struct Node {
        var range: Range<Int>
        var kind: Kind

        enum Kind {
            case scalar(String)
            case alias
            case sequence
            case mapping([Entry], isFlow: Bool)
        }
    }

    /// A key and its value.
    struct Entry {
        var key: Node
        var value: Node

        /// The key's text; nil if it isn't a word.
        var name: String? { if case .scalar(let text) = key.kind { text } else { nil } }
    }

    let scalars: [Unicode.Scalar]
    /// The document's value.
    let root: Node
    /// Whether something stands for something else: an edit here could change what is there.
    let hasAnchors: Bool
    /// Each from its `#` to the end of its line, in the order of the text.
    let comments: [Range<Int>]

    /// - Returns: nil if there is no document.
    init?(parsing text: String) throws(YAMLError) {
        var parser = try YAMLParser(Array(text.utf8))
        var scalars = Array(text.unicodeScalars)
        if scalars.first == "\u{feff}" { scalars.removeFirst() }
        var builder = LayoutBuilder()
        while true {
            let event = try parser.next()
            if event.kind == .streamEnd { break }
            builder.add(event)
        }
        guard let root = builder.root else { return nil }
        self.scalars = scalars
        self.root = root
        hasAnchors = builder.hasAnchors
        comments = Self.comments(in: scalars, around: builder.leaves)
    }

    /// Between scalars, a `#` after white space can only begin a comment; so can one in the first line of a block scalar.
    private static func comments(in scalars: [Unicode.Scalar], around leaves: [Range<Int>]) -> [Range<Int>] {
        var comments: [Range<Int>] = []
        var place = 0
        func search(upTo end: Int) {
            while place < end {
                guard scalars[place] == "#", place == 0 || isSpace(scalars[place - 1]) else {
                    place += 1
                    continue
                }
                let start = place
                while place < scalars.count, !isBreak(scalars[place]) { place += 1 }
                comments.append(start..<place)
            }
        }
        for leaf in leaves {
            search(upTo: leaf.lowerBound)
            if leaf.lowerBound < scalars.count, "|>".unicodeScalars.contains(scalars[leaf.lowerBound]) {
                search(upTo: scalars[leaf].firstIndex(where: isBreak) ?? leaf.upperBound)
            }
            place = max(place, leaf.upperBound)
        }
        search(upTo: scalars.count)
        return comments
    }

    // MARK: Lines

    /// Whether it ends a line, for libyaml.
    static func isBreak(_ scalar: Unicode.Scalar) -> Bool {
        ["\n", "\r", "\u{85}", "\u{2028}", "\u{2029}"].contains(scalar)
    }

    private static func isSpace(_ scalar: Unicode.Scalar) -> Bool {
        scalar == " " || scalar == "\t" || isBreak(scalar)
    }

    /// Where the line of a place begins.
    func lineStart(_ place: Int) -> Int {
        scalars[..<place].lastIndex(where: Self.isBreak).map { $0 + 1 } ?? 0
    }

    /// Where the line of a place ends, before its line break.
    func lineEnd(_ place: Int) -> Int { scalars[place...].firstIndex(where: Self.isBreak) ?? scalars.count }

    /// Where the line after that of a place begins.
    func nextLine(_ place: Int) -> Int {
        let end = lineEnd(place)
        return end + lineBreak(at: end).unicodeScalars.count
    }

    /// Where the line before the one that begins at a place begins.
    func previousLine(_ start: Int) -> Int {
        let isPair = start > 1 && scalars[start - 1] == "\n" && scalars[start - 2] == "\r"
        return lineStart(start - (isPair ? 2 : 1))
    }

    /// The line break at a place; empty at the end of the text.
    func lineBreak(at place: Int) -> String {
        guard place < scalars.count else { return "" }
        let isPair = scalars[place] == "\r" && place + 1 < scalars.count && scalars[place + 1] == "\n"
        return isPair ? "\r\n" : String(Character(scalars[place]))
    }

    /// How many spaces are in front of a place; nil if anything else is.
    func indent(_ place: Int) -> Int? {
        let start = lineStart(place)
        return scalars[start..<place].allSatisfy { $0 == " " } ? place - start : nil
    }

    /// Where what is written of a node ends, without the white space that follows a block scalar.
    func contentEnd(_ node: Node) -> Int {
        let content = scalars[node.range].lastIndex { !Self.isSpace($0) }
        return content.map { $0 + 1 } ?? node.range.lowerBound
    }

    /// Whether the line that begins at a place has nothing but white space. There is no line at the end of the text.
    func isBlankLine(_ start: Int) -> Bool {
        start < scalars.count && scalars[start..<lineEnd(start)].allSatisfy(Self.isSpace)
    }
}

/// Makes a layout of events, as they come.
private struct LayoutBuilder {
    private(set) var root: YAMLLayout.Node?
    private(set) var hasAnchors = false
    /// Scalars and aliases, without their anchors and tags.
    private(set) var leaves: [Range<Int>] = []
    private var open: [(start: Int, isMapping: Bool, nodes: [YAMLLayout.Node])] = []

    mutating func add(_ event: YAMLEvent) {
        let range = event.mark.index..<max(event.mark.index, event.end.index)
        switch event.kind {
        case .documentStart, .documentEnd, .streamEnd: return
        case .alias:
            hasAnchors = true
            leaves.append(range)
            finish(YAMLLayout.Node(range: range, kind: .alias))
        case .scalar(let scalar):
            if scalar.anchor != nil { hasAnchors = true }
            leaves.append(range)
            finish(YAMLLayout.Node(range: range, kind: .scalar(scalar.text)))
        case .sequenceStart(let anchor, _):
            if anchor != nil { hasAnchors = true }
            open.append((range.lowerBound, false, []))
        case .mappingStart(let anchor, _):
            if anchor != nil { hasAnchors = true }
            open.append((range.lowerBound, true, []))
        case .sequenceEnd, .mappingEnd:
            guard let last = open.popLast() else { return }
            // A block has no end of its own: it ends with its last value.
            let isFlow = !range.isEmpty
            let end = isFlow ? range.upperBound : last.nodes.last?.range.upperBound ?? last.start
            finish(
                YAMLLayout.Node(
                    range: last.start..<max(last.start, end),
                    kind: last.isMapping ? .mapping(Self.entries(last.nodes), isFlow: isFlow) : .sequence))
        }
    }

    private static func entries(_ nodes: [YAMLLayout.Node]) -> [YAMLLayout.Entry] {
        stride(from: 0, to: nodes.count - 1, by: 2).map { YAMLLayout.Entry(key: nodes[$0], value: nodes[$0 + 1]) }
    }

    private mutating func finish(_ node: YAMLLayout.Node) {
        if open.isEmpty { root = root ?? node } else { open[open.count - 1].nodes.append(node) }
    }
}
