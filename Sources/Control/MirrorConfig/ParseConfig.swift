public import MirrorModel

/// The most bytes that a file may have: 4 MiB.
public let maximumConfigSize = 4 << 20

/// What `sample` may be: copies are made of 1 in that many frames.
public let sampleRange: ClosedRange<UInt32> = 1...UInt32.max

/// What `snaplen` may be, in bytes: from an Ethernet header to libpcap's largest frame (`MAXIMUM_SNAPLEN`).
public let snaplenRange: ClosedRange<UInt32> = 14...262_144

/// A mirror as its file has it, with the places to point at in later messages.
public struct ParsedMirror: Hashable, Sendable {
    /// What the file asks for.
    public var mirror: Mirror
    /// Where its name is.
    public let position: Position
    /// Where the value of each key that the file has begins, by key, such as `filter`.
    public let positions: [String: Position]

    /// The line of its name, counted from 1.
    public var line: Int { position.line }

    /// Where to point for something about a key: at its value, or at the mirror's name if the file leaves it out.
    public func position(of key: String) -> Position { positions[key] ?? position }
}

/// Reads the mirrors of a file, in its order.
/// - Parameters:
///   - text: YAML, at most ``maximumConfigSize`` bytes.
///   - file: its name, for the messages.
///   - now: what `for` counts from.
/// - Throws: ``ConfigError`` with everything that is wrong, not only the first of it. A pcap-filter expression
///   isn't looked into, nor is whether the mirrors fit each other and the machine.
public func parseConfig(_ text: String, file: String, now: Timestamp) throws(ConfigError) -> [ParsedMirror] {
    let start = Position(line: 1, column: 1)
    guard text.utf8.count <= maximumConfigSize else {
        throw ConfigError(
            ConfigDiagnostic(
                file: file, position: start,
                message: "the file has \(text.utf8.count) bytes; the limit is \(maximumConfigSize)"))
    }
    // A byte order mark is no part of the text; the columns count without it.
    let text = text.unicodeScalars.first == "\u{feff}" ? String(text.unicodeScalars.dropFirst()) : text
    let columns = CharacterColumns(text)
    var document = YAMLDocument(parsing: text)
    var mirrors: [ParsedMirror] = []
    if let root = document.root {
        var reader = ConfigReader(now: now, columns: columns)
        reader.readFile(root)
        // What isn't even YAML needs no second complaint.
        let places = Set(document.problems.map(\.mark))
        document.problems += reader.problems.filter { !places.contains($0.mark) }
        mirrors = reader.mirrors
    }
    let diagnostics = document.problems.sorted { $0.mark < $1.mark }.map {
        ConfigDiagnostic(file: file, position: columns.position($0.mark), message: $0.message)
    }
    if let first = diagnostics.first { throw ConfigError(first, diagnostics.dropFirst()) }
    return mirrors
}
