/// What is said of a problem, to programs and to people.
public struct Statement: Hashable, Codable, Sendable {
    /// What a program can tell it by.
    public var code: Finding.Code
    /// What is wrong, and what to do next unless that goes without saying; without a full stop.
    public var message: String
    /// What to do next.
    public var advice: String
    /// What it was found by, name by name: ports, numbers, the kernel's or a server's own words. What there is none of is
    /// left out.
    public var evidence: [String: [String]]

    /// How the advice comes after the sentence.
    enum Joint {
        case colon, semicolon, fullStop
        /// In brackets.
        case brackets
        /// The sentence says it already, or it goes without saying.
        case apart
    }

    init(
        _ code: Finding.Code, _ sentence: String, _ joint: Joint, _ advice: String,
        _ evidence: [String: [any CustomStringConvertible]] = [:]
    ) {
        self.code = code
        self.advice = advice
        self.evidence = evidence.filter { !$0.value.isEmpty }.mapValues { $0.map(\.description) }
        switch joint {
        case .colon: message = "\(sentence): \(advice)"
        case .semicolon: message = "\(sentence); \(advice)"
        case .fullStop: message = "\(sentence). \(advice)"
        case .brackets: message = "\(sentence) (\(advice))"
        case .apart: message = sentence
        }
    }
}

extension Sequence where Element: CustomStringConvertible {
    /// With commas between.
    var listed: String { map(\.description).joined(separator: ", ") }

    /// As a way from the first to the last.
    var asWay: String { map(\.description).joined(separator: " -> ") }
}
