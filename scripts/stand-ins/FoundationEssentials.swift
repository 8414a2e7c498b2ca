// Stands in for FoundationEssentials where the program is built for use (scripts/release-flags): what ArgumentParser wants
// of it, and nothing else. It is compiled together with Sources/Wire/JSONCoding, which makes the JSON.
//
// ArgumentParser makes one JSON text (`--experimental-dump-help`) and asks errors for their descriptions. For that the real
// one is linked with calendars, addresses and attributed text: 7 of the program's 17 MB.

public protocol LocalizedError: Error {
    var errorDescription: String? { get }
}

extension LocalizedError {
    public var errorDescription: String? { nil }
}

public struct Data: Sendable {
    let bytes: [UInt8]
}

extension String {
    public enum Encoding: Sendable { case utf8 }

    public init?(data: Data, encoding: Encoding) { self.init(validating: data.bytes, as: UTF8.self) }
}

/// Its text is always in lines and sorted, which is what ArgumentParser asks for.
public final class JSONEncoder {
    public struct OutputFormatting: OptionSet, Sendable {
        public let rawValue: Int
        public init(rawValue: Int) { self.rawValue = rawValue }

        public static let prettyPrinted = OutputFormatting(rawValue: 1)
        public static let sortedKeys = OutputFormatting(rawValue: 2)
    }

    public var outputFormatting: OutputFormatting = []

    public init() {}

    public func encode(_ value: some Encodable) throws -> Data { Data(bytes: try JSON.encode(value, .indented)) }
}
