import ArgumentParser
import MirrorEngine
import MirrorModel

/// Mirror names given on the command line.
enum NameArguments {
    static func parse(_ texts: [String]) throws -> [MirrorName] {
        try texts.map { text in
            do {
                return try MirrorName(text)
            } catch {
                throw ValidationError("\(error)")
            }
        }
    }

    /// - Throws: ``UserError`` naming those that aren't there, and what is.
    static func check(_ names: [MirrorName], among known: [MirrorName]) throws {
        let unknown = names.filter { !known.contains($0) }
        guard let first = unknown.first else { return }
        // Each once, however often it was typed.
        let more = Set(unknown.dropFirst()).subtracting([first]).sorted()
        throw UserError.missing(([first] + more).map(\.description), among: known)
    }
}
