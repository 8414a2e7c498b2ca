import Foundation
import SharedLibrary
import Testing

/// What packagers read in the program that is built.
@Suite struct NoteTests {
    private struct Note: Decodable {
        let feature: String
        let description: String
        let priority: String
        let soname: [String]
    }

    /// The program, beside the tests.
    private static let program: String? = {
        let candidates =
            CommandLine.arguments + [
                (try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")) ?? ""
            ]
        return candidates.map { URL(filePath: $0).deletingLastPathComponent().path + "/portmirror" }
            .first { FileManager.default.isExecutableFile(atPath: $0) }
    }()

    private static func readelf(_ options: String...) throws -> String {
        let readelf = Process()
        readelf.executableURL = URL(filePath: "/usr/bin/env")
        readelf.arguments = ["readelf"] + options + [try #require(program)]
        let pipe = Pipe()
        readelf.standardOutput = pipe
        readelf.standardError = FileHandle.nullDevice
        try readelf.run()
        let text = String(decoding: pipe.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
        readelf.waitUntilExit()
        return text
    }

    /// The notes' texts, which are a JSON array each.
    private static func notes() throws -> [Note] {
        try readelf("-p", ".note.dlopen").split(separator: "\n").flatMap { line -> [Note] in
            guard let begin = line.range(of: "[{") else { return [] }
            return try JSONDecoder().decode([Note].self, from: Data(line[begin.lowerBound...].utf8))
        }
    }

    @Test(.enabled(if: Self.isReadable, "readelf isn't installed"))
    func `the program's notes name every library that it opens, and no other`() throws {
        let notes = try Self.notes()
        #expect(notes.map(\.soname) == LibraryName.all.map(\.sonames))
        // The type by which they are found (FDO_DLOPEN_METADATA), each a note of its own.
        #expect(try Self.readelf("--notes").components(separatedBy: "0x407c0c0a").count - 1 == notes.count)
        #expect(notes.allSatisfy { !$0.feature.isEmpty && !$0.description.isEmpty })
        #expect(notes.allSatisfy { ["required", "recommended", "suggested"].contains($0.priority) })
    }

    private static var isReadable: Bool {
        let places = (ProcessInfo.processInfo.environment["PATH"] ?? "/usr/bin").split(separator: ":")
        return places.contains { FileManager.default.isExecutableFile(atPath: "\($0)/readelf") }
    }
}
