public import MirrorModel

/// Changes some of a file's mirrors and leaves the rest of its text as it is, byte for byte: other mirrors, comments,
/// order, line ends. Within a mirror that is defined anew, the keys that don't change stay as they are written.
///
/// What is written in flow style (`{…}`) is written anew as a whole, if that loses neither comments nor anchors.
/// - Parameters:
///   - text: the file; what is wrong with it is thrown.
///   - put: mirrors to define anew where they are; those that the file doesn't have come after its last.
///   - remove: mirrors to take out, unless they are put.
/// - Returns: the file's new text; nil if no mirror is left.
/// - Throws: ``ConfigError`` if the file is wrong, or the change can't be made without changing or losing anything else;
///   the message says what to do.
public func editConfig(
    _ text: String, file: String, now: Timestamp, put: [Mirror] = [], remove: Set<MirrorName> = []
) throws(ConfigError) -> String? {
    let before = try parseConfig(text, file: file, now: now)
    let new = Dictionary(put.map { ($0.name, $0) }, uniquingKeysWith: { _, last in last })
    let there = Set(before.map(\.mirror.name))
    var after = before.map(\.mirror).filter { new[$0.name] != nil || !remove.contains($0.name) }
        .map { new[$0.name] ?? $0 }
    var added: [Mirror] = []
    for mirror in put where !there.contains(mirror.name) && !added.contains(where: { $0.name == mirror.name }) {
        added.append(new[mirror.name] ?? mirror)
    }
    after += added
    guard !after.isEmpty else { return nil }

    /// Whether a text says what is wanted, and nothing else.
    func isRight(_ text: String) -> Bool {
        (try? parseConfig(text, file: file, now: now))?.map(\.mirror) == after
    }
    guard let editor = ConfigEditor(text) else { throw refusal(before, new, remove, file, "it can't be read again") }
    let edited = editor.edited(before: before, put: new, added: added, remove: remove)
    if let edited, isRight(edited) { return edited }
    if editor.layout.hasAnchors {
        throw refusal(before, new, remove, file, "anchors and aliases tie it to other parts of the file")
    }
    guard editor.layout.comments.isEmpty else {
        throw refusal(
            before, new, remove, file,
            edited == nil
                ? "it is written in flow style ({…}), and the file's comments would be lost"
                : "what is written around it would mean something else then")
    }
    let rendered = renderConfig(after)
    guard isRight(rendered) else { throw refusal(before, new, remove, file, "it can't be written") }
    return rendered
}

private func refusal(
    _ before: [ParsedMirror], _ put: [MirrorName: Mirror], _ remove: Set<MirrorName>, _ file: String, _ reason: String
) -> ConfigError {
    let touched = before.first { put[$0.mirror.name] != nil || remove.contains($0.mirror.name) }
    let what = (touched?.mirror.name ?? put.keys.min()).map { "mirror \($0)" } ?? "the file"
    return ConfigError(
        ConfigDiagnostic(
            file: file, position: touched?.position ?? Position(line: 1, column: 1),
            message: "\(what) can't be changed here by itself: \(reason); "
                + "change the file with an editor, then run 'portmirror apply'"))
}

/// Makes the changes of a file's text.
private struct ConfigEditor {
    let layout: YAMLLayout
    private let hasByteOrderMark: Bool
    /// Of `mirrors`.
    private let section: YAMLLayout.Entry
    private let entries: [YAMLLayout.Entry]
    private let isEmptyFlow: Bool
    /// As the file has them.
    private let lineBreak: String

    /// A piece of the text that another takes the place of.
    private struct Splice {
        var range: Range<Int>
        var text: String
    }

    /// nil if the text isn't a file of mirrors.
    init?(_ text: String) {
        guard let layout = (try? YAMLLayout(parsing: text)) ?? nil, case .mapping(let keys, _) = layout.root.kind,
            let section = keys.last(where: { $0.name == "mirrors" })
        else { return nil }
        self.layout = layout
        self.section = section
        hasByteOrderMark = text.unicodeScalars.first == "\u{feff}"
        if case .mapping(let entries, let isFlow) = section.value.kind {
            self.entries = entries
            isEmptyFlow = isFlow && entries.isEmpty
        } else {
            (entries, isEmptyFlow) = ([], false)
        }
        let first = layout.lineBreak(at: layout.lineEnd(0))
        lineBreak = first.isEmpty ? "\n" : first
    }

    /// nil if the text is written in a way that can't be changed piece by piece.
    func edited(
        before: [ParsedMirror], put: [MirrorName: Mirror], added: [Mirror], remove: Set<MirrorName>
    ) -> String? {
        let old = Dictionary(
            before.map { ($0.mirror.name.description, $0.mirror) }, uniquingKeysWith: { _, last in last })
        var splices: [Splice] = []
        var remaining = entries.count
        for (place, entry) in entries.enumerated() {
            guard let name = entry.name, let mirror = old[name] else { return nil }
            if let new = put[mirror.name] {
                guard let changes = changes(entry, from: mirror, to: new) else { return nil }
                splices += changes
            } else if remove.contains(mirror.name) {
                guard let lines = lines(of: entry) else { return nil }
                splices.append(Splice(range: withBlankLine(lines, at: place), text: ""))
                remaining -= 1
            }
        }
        if !added.isEmpty {
            guard let addition = addition(of: added, afterOthers: remaining > 0) else { return nil }
            splices += addition
        }
        return apply(splices)
    }

    private func apply(_ splices: [Splice]) -> String {
        var result = String.UnicodeScalarView()
        if hasByteOrderMark { result.append("\u{feff}") }
        var place = 0
        let sorted = splices.enumerated().sorted {
            ($0.element.range.lowerBound, $0.offset) < ($1.element.range.lowerBound, $1.offset)
        }
        for splice in sorted.map(\.element) {
            let start = max(place, splice.range.lowerBound)
            result.append(contentsOf: layout.scalars[place..<start])
            result.append(contentsOf: inFileStyle(splice.text).unicodeScalars)
            place = max(start, splice.range.upperBound)
        }
        result.append(contentsOf: layout.scalars[place...])
        return String(result)
    }

    private func inFileStyle(_ text: String) -> String {
        guard lineBreak != "\n" else { return text }
        return text.split(separator: "\n", omittingEmptySubsequences: false).joined(separator: lineBreak)
    }

    // MARK: Whole entries

    /// The lines that a block entry takes, comments after its last value on the same line included; nil if it doesn't
    /// have them to itself.
    private func lines(of entry: YAMLLayout.Entry) -> Range<Int>? {
        guard layout.indent(entry.key.range.lowerBound) != nil, let colon = colon(after: entry.key) else { return nil }
        let end = layout.nextLine(max(colon, layout.contentEnd(entry.value)))
        return layout.lineStart(entry.key.range.lowerBound)..<end
    }

    /// An entry's lines and, where one would be left over, a blank line beside them.
    private func withBlankLine(_ lines: Range<Int>, at place: Int) -> Range<Int> {
        let start = lines.lowerBound
        let previous = start == 0 ? start : layout.previousLine(start)
        let isAfterBlank = previous < start && layout.isBlankLine(previous)
        let isBeforeBlank = layout.isBlankLine(lines.upperBound)
        if isAfterBlank, isBeforeBlank || place == entries.count - 1 { return previous..<lines.upperBound }
        if place == 0, isBeforeBlank { return start..<layout.nextLine(lines.upperBound) }
        return lines
    }

    private func addition(of mirrors: [Mirror], afterOthers: Bool) -> [Splice]? {
        guard let last = entries.last else { return replacement(ofEmptyWith: mirrors) }
        guard let indent = layout.indent(last.key.range.lowerBound), let lines = lines(of: last) else { return nil }
        // Comments that are indented as the entry or deeper are still about it, or stand for one.
        var place = lines.upperBound
        var next = place
        while next < layout.scalars.count {
            let end = layout.lineEnd(next)
            let content = layout.scalars[next..<end].firstIndex { $0 != " " } ?? end
            if content < end {
                guard layout.scalars[content] == "#", content - next >= max(indent, 1) else { break }
                place = layout.nextLine(next)
            }
            next = layout.nextLine(next)
        }
        let separator = isSpaced ? "\n" : ""
        var text = mirrors.map { rendered($0, indent: indent) }.joined(separator: separator)
        if afterOthers { text = separator + text }
        if place == layout.scalars.count, let end = layout.scalars.last, !YAMLLayout.isBreak(end) { text = "\n" + text }
        return [Splice(range: place..<place, text: text)]
    }

    /// Whether blank lines part the mirrors.
    private var isSpaced: Bool {
        guard entries.count > 1 else { return true }
        let gap = layout.contentEnd(entries[entries.count - 2].value)..<entries[entries.count - 1].key.range.lowerBound
        var place = layout.nextLine(gap.lowerBound)
        while place < gap.upperBound {
            if layout.isBlankLine(place) { return true }
            place = layout.nextLine(place)
        }
        return false
    }

    /// For `mirrors: {}`.
    private func replacement(ofEmptyWith mirrors: [Mirror]) -> [Splice]? {
        let value = section.value.range
        guard isEmptyFlow, let indent = layout.indent(section.key.range.lowerBound),
            let colon = colon(after: section.key), !hasComments(in: colon..<value.upperBound)
        else { return nil }
        let next = layout.nextLine(value.upperBound)
        var text = mirrors.map { rendered($0, indent: indent + 2) }.joined(separator: "\n")
        if next == layout.scalars.count, let end = layout.scalars.last, !YAMLLayout.isBreak(end) { text = "\n" + text }
        return [Splice(range: colon..<value.upperBound, text: ""), Splice(range: next..<next, text: text)]
    }

    private func hasComments(in range: Range<Int>) -> Bool { layout.comments.contains { range.overlaps($0) } }

    /// The place after the colon of a key.
    private func colon(after key: YAMLLayout.Node) -> Int? {
        var place = key.range.upperBound
        while place < layout.scalars.count, layout.scalars[place] == " " || layout.scalars[place] == "\t" { place += 1 }
        return place < layout.scalars.count && layout.scalars[place] == ":" ? place + 1 : nil
    }

    // MARK: Keys of a mirror

    private func changes(_ entry: YAMLLayout.Entry, from old: Mirror, to new: Mirror) -> [Splice]? {
        guard case .mapping(let keys, isFlow: false) = entry.value.kind, let first = keys.first,
            let last = keys.last, let indent = layout.indent(first.key.range.lowerBound),
            let lastLines = lines(of: last)
        else { return nil }
        let had = Dictionary(renderedKeys(of: old).map { ($0.key, $0.value) }, uniquingKeysWith: { _, last in last })
        let wanted = renderedKeys(of: new)
        let has = Dictionary(wanted.map { ($0.key, $0.value) }, uniquingKeysWith: { _, last in last })
        var splices: [Splice] = []
        var present: Set<String> = []
        for key in keys {
            guard let word = key.name else { return nil }
            // A time from now becomes the point in time that it means.
            let name = word == "for" ? "until" : word
            present.insert(name)
            guard had[name] != has[name] || word != name else { continue }
            guard let value = has[name] else {
                guard let lines = lines(of: key) else { return nil }
                // As far in as the key: deeper, they could become part of a block scalar before it.
                let kept = layout.comments.filter { lines.overlaps($0) && layout.indent($0.lowerBound) != nil }
                    .map { String(repeating: " ", count: indent) + string(layout.scalars[$0]) + "\n" }.joined()
                splices.append(Splice(range: lines, text: kept))
                continue
            }
            guard let changed = replacement(of: key, by: value, mirror: new) else { return nil }
            splices += changed
            if word != name { splices.append(Splice(range: key.key.range, text: name)) }
        }
        let space = String(repeating: " ", count: indent)
        var text = wanted.filter { !present.contains($0.key) }
            .map { "\(space)\($0.key):\($0.value.text(indent: indent))\n" }.joined()
        guard !text.isEmpty else { return splices }
        let place = lastLines.upperBound
        if place == layout.scalars.count, let end = layout.scalars.last, !YAMLLayout.isBreak(end) {
            text = "\n" + text.dropLast()
        }
        splices.append(Splice(range: place..<place, text: text))
        return splices
    }

    /// Another value for a key. Comments inside the old one come to stand above the key.
    private func replacement(of entry: YAMLLayout.Entry, by value: RenderedValue, mirror: Mirror) -> [Splice]? {
        guard let colon = colon(after: entry.key), let indent = layout.indent(entry.key.range.lowerBound) else {
            return nil
        }
        let end = max(colon, layout.contentEnd(entry.value))
        if end <= layout.lineEnd(colon), entry.value.range.lowerBound >= colon,
            let text = short(value, entry.name, mirror), !isBlockScalar(entry.value)
        {
            let range = entry.value.range.isEmpty ? colon..<colon : entry.value.range.lowerBound..<end
            return [Splice(range: range, text: range.isEmpty ? " " + text : text)]
        }
        let space = String(repeating: " ", count: indent)
        let kept = layout.comments.filter { (colon..<end).overlaps($0) }
            .map { space + string(layout.scalars[$0]) + "\n" }.joined()
        let start = layout.lineStart(entry.key.range.lowerBound)
        return [
            Splice(range: start..<start, text: kept), Splice(range: colon..<end, text: value.text(indent: indent)),
        ]
    }

    private func isBlockScalar(_ node: YAMLLayout.Node) -> Bool {
        node.range.lowerBound < layout.scalars.count
            && "|>".unicodeScalars.contains(layout.scalars[node.range.lowerBound])
    }

    private func string(_ scalars: ArraySlice<Unicode.Scalar>) -> String {
        var text = String.UnicodeScalarView()
        text.append(contentsOf: scalars)
        return String(text)
    }

    /// The value as one word where it can be one.
    private func short(_ value: RenderedValue, _ key: String?, _ mirror: Mirror) -> String? {
        if case .scalar(let text) = value { return text }
        switch key {
        case "from":
            guard mirror.sources.count == 1, let source = mirror.sources.first,
                (try? parseSource(source.description)) == source
            else { return nil }
            return yamlScalar(source.description)
        case "to":
            guard mirror.outputs.count == 1, let output = mirror.outputs.first,
                (try? parseOutput(output.description)) == output
            else { return nil }
            return yamlScalar(output.description)
        default: return nil
        }
    }
}
