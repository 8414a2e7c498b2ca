/// A value that stands in JSON as its text.
public protocol CodedAsText: Codable, CustomStringConvertible {
    /// - Throws: an error that says why the text is no such value.
    init(coded text: String) throws
}

extension CodedAsText {
    /// Writes the text.
    public func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(description)
    }

    /// - Throws: `DecodingError`, with what is wrong with the text.
    public init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        let text = try container.decode(String.self)
        do { try self.init(coded: text) } catch {
            throw DecodingError.dataCorruptedError(in: container, debugDescription: "\(error)")
        }
    }
}

extension MirrorName: CodedAsText {
    public init(coded text: String) throws { try self.init(text) }
}

extension PortName: CodedAsText {
    public init(coded text: String) throws { try self.init(text) }
}

extension DirectoryPath: CodedAsText {
    public init(coded text: String) throws { try self.init(text) }
}

extension VLANSet: CodedAsText {
    public init(coded text: String) throws { try self.init(parsing: text) }
}
