import Yams

/// A file's one YAML document, and what is wrong with it as YAML.
struct YAMLDocument {
    /// Nil if there is nothing that can be read on.
    private(set) var root: YAMLNode?
    var problems: [Problem] = []

    init(parsing text: String) {
        if let problem = controlCharacter(in: text) {
            problems = [problem]
            return
        }
        guard var masked = MaskedText(text) else {
            problems = [
                Problem(
                    mark: Mark(line: 1, column: 1),
                    message: "a file with all of Unicode's private-use characters can't have anchors (&name)")
            ]
            return
        }
        // Each round but the last masks one duplicate key.
        while true {
            do {
                try read(masked)
                return
            } catch YamlError.duplicatedKeysInMapping(let keys, let context) {
                let mark = Mark(context.mark)
                if masked.maskKey(at: mark) { continue }
                let name = masked.unmasked(keys.first ?? "")
                problems = [Problem(mark: mark, message: "the key \(quoted(name)) is there twice")]
                return
            } catch {
                problems = [Problem(error)]
                return
            }
        }
    }

    private mutating func read(_ masked: MaskedText) throws {
        // Without rules nothing is matched against regular expressions; what a scalar means is this library's affair.
        let parser = try Parser(yaml: masked.text, resolver: .basic, encoding: .utf8)
        guard let first = try parser.nextRoot() else {
            problems = [
                Problem(mark: Mark(line: 1, column: 1), message: "the file is empty; it needs 'version' and 'mirrors'")
            ]
            return
        }
        let second = try parser.nextRoot()
        var builder = YAMLTreeBuilder(masked: masked)
        // Nodes refer to their anchors weakly; it is the parser that holds them.
        root = withExtendedLifetime(parser) { builder.build(first) }
        problems = builder.problems
        if let second {
            problems.append(
                Problem(mark: Mark(second.mark), message: "a second document begins here; a file holds only one"))
        }
    }
}

extension Mark {
    init(_ mark: Yams.Mark?) { self.init(line: max(1, mark?.line ?? 1), column: max(1, mark?.column ?? 1)) }
}

extension Problem {
    /// What Yams says of text that isn't YAML.
    fileprivate init(_ error: any Error) {
        switch error {
        case YamlError.scanner(let context, let problem, let mark, _),
            YamlError.parser(let context, let problem, let mark, _),
            YamlError.composer(let context, let problem, let mark, _):
            let explained = context.map { ", \($0.text) that begins on line \($0.mark.line)" } ?? ""
            // libyaml's words for that name a function of its own.
            let problem = problem.hasPrefix("Maximum nesting level") ? "it is nested too deeply" : problem
            self.init(mark: Mark(mark), message: "this isn't YAML: \(problem)\(explained)")
        case YamlError.reader(let problem, _, _, _):
            self.init(mark: Mark(line: 1, column: 1), message: "this isn't YAML: \(problem)")
        default:
            self.init(mark: Mark(line: 1, column: 1), message: "this can't be read as YAML: \(error)")
        }
    }
}

/// The first character that YAML forbids (1.2.2, section 5.1), which Yams would report without its place.
private func controlCharacter(in text: String) -> Problem? {
    // Those are control characters of one byte, or begin with 0xC2 or 0xEF: most files need no second look.
    guard text.utf8.contains(where: { $0 < 0x20 && $0 != 0x0a || $0 == 0x7f || $0 == 0xc2 || $0 == 0xef }) else {
        return nil
    }
    for (index, line) in splitLines(text).enumerated() {
        guard let offset = line.map({ isForbidden($0) }).firstIndex(of: true) else { continue }
        let scalar = line[line.index(line.startIndex, offsetBy: offset)]
        let number = String(scalar.value, radix: 16, uppercase: true)
        let code = String(repeating: "0", count: max(0, 4 - number.utf8.count)) + number
        return Problem(
            mark: Mark(line: index + 1, column: offset + 1),
            message: "the control character U+\(code) can't be in a file; in double quotes it can be written \\u\(code)"
        )
    }
    return nil
}

private func isForbidden(_ scalar: Unicode.Scalar) -> Bool {
    switch scalar.value {
    case 0x09, 0x20...0x7e, 0x85, 0xa0...0xd7ff, 0xe000...0xfffd, 0x10000...0x10ffff: false
    default: true
    }
}
