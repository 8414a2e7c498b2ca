import Notation
import YAMLEvents

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
        do {
            try read(text)
        } catch {
            root = nil
            problems = [Problem(error)]
        }
    }

    private mutating func read(_ text: String) throws(YAMLError) {
        var parser = try YAMLParser(Array(text.utf8))
        guard try parser.next().kind == .documentStart else {
            problems = [
                Problem(mark: Mark(line: 1, column: 1), message: "the file is empty; it needs 'version' and 'mirrors'")
            ]
            return
        }
        var builder = YAMLTreeBuilder()
        root = try builder.build(&parser)
        problems = builder.problems
        while true {
            let event = try parser.next()
            switch event.kind {
            case .documentEnd: continue
            case .documentStart:
                // Where its first value is, as a person sees it: not at the line that parts the documents.
                let first = try parser.next()
                problems.append(
                    Problem(
                        mark: Mark(first.mark), message: "a second document begins here; a file holds only one"))
                return
            default: return
            }
        }
    }
}

extension Problem {
    /// What libyaml says of text that isn't YAML.
    fileprivate init(_ error: YAMLError) {
        self.init(
            mark: error.mark.map { Mark($0) } ?? Mark(line: 1, column: 1),
            message: "this isn't YAML: \(error.problem)\(error.explanation)")
    }
}

/// The first character that YAML forbids (1.2.2, section 5.1), which libyaml would report without its place.
private func controlCharacter(in text: String) -> Problem? {
    // Those are control characters of one byte, or begin with 0xC2 or 0xEF: most files need no second look.
    guard text.utf8.contains(where: { $0 < 0x20 && $0 != 0x0a || $0 == 0x7f || $0 == 0xc2 || $0 == 0xef }) else {
        return nil
    }
    for (index, line) in splitLines(text).enumerated() {
        guard let offset = line.map({ isForbidden($0) }).firstIndex(of: true) else { continue }
        let scalar = line[line.index(line.startIndex, offsetBy: offset)]
        let code = scalar.value.digits(4, radix: 16).uppercased()
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
