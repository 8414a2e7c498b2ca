public import MirrorModel

/// Something that was found about a mirror or the machine: what it is, as values. Words are made of it at the end.
public struct Finding: Hashable, Sendable, CustomStringConvertible {
    /// The mirror that it is about; nil if it is about none, or several.
    public var mirror: MirrorName?
    /// What is the matter, with the evidence.
    public var problem: Problem

    /// Something about a mirror, or about none.
    public init(_ problem: Problem, of mirror: MirrorName?) {
        self.problem = problem
        self.mirror = mirror
    }

    /// What is said of it: code, words and evidence together, made anew each time.
    public var statement: Statement { problem.statement }

    /// What a program can tell it by.
    public var code: Code { statement.code }

    /// The rule of the specification, or the limit, that stands against the mirror; nil if nothing does.
    public var rule: Rule? { code.rule }

    /// What is wrong, and what to do next.
    public var message: String { statement.message }

    /// What to do next.
    public var advice: String { statement.advice }

    /// The message, with the mirror's name before it.
    public var description: String { mirror.map { "mirror \($0): \(message)" } ?? message }

    /// Whether what runs of the mirror has to stop: it goes round in circles, or does harm. What else is refused runs as it
    /// did.
    public var stopsWhatRuns: Bool { code.stopsWhatRuns }

    /// Whether it is about one of some mirrors.
    public func isAbout(_ mirrors: Set<MirrorName>) -> Bool { mirror.map(mirrors.contains) == true }
}

extension Finding {
    /// Whether the same is said of the same mirror: also if one of them comes from another process.
    public static func == (left: Finding, right: Finding) -> Bool {
        left.mirror == right.mirror && (left.problem == right.problem || left.statement == right.statement)
    }

    public func hash(into hasher: inout Hasher) {
        hasher.combine(mirror)
        hasher.combine(statement)
    }
}

extension Sequence where Element == Finding {
    /// Each mirror's, in their order; those that are about none are left out.
    public var byMirror: [MirrorName: [Finding]] {
        reduce(into: [:]) { all, finding in
            if let mirror = finding.mirror { all[mirror, default: []].append(finding) }
        }
    }
}

extension Finding: Codable {
    private enum Key: String, CodingKey { case mirror, rule }

    /// One object: `code`, `mirror` and `rule` (left out if there is none), `message`, `advice` and `evidence`.
    public func encode(to encoder: any Encoder) throws {
        try statement.encode(to: encoder)
        var object = encoder.container(keyedBy: Key.self)
        try object.encodeIfPresent(mirror, forKey: .mirror)
        try object.encodeIfPresent(rule?.rawValue, forKey: .rule)
    }

    /// What another process has said, whose values aren't known here.
    public init(from decoder: any Decoder) throws {
        let object = try decoder.container(keyedBy: Key.self)
        self.init(
            .told(try Statement(from: decoder)), of: try object.decodeIfPresent(MirrorName.self, forKey: .mirror))
    }
}
