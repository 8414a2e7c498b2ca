public import MirrorModel
import YAMLEvents

/// The names of mirrors that can still be found in a text which ``parseConfig(_:file:now:)`` refuses: up to where it stops
/// being YAML.
public func mirrorNames(inBroken text: String) -> [MirrorName] {
    guard var parser = try? YAMLParser(Array(text.utf8)) else { return [] }
    var names: [MirrorName] = []
    var depth = 0
    // Whether the next scalar at depths 1 and 2 is a key.
    var isKey = true
    var isInMirrors = false
    while let event = try? parser.next(), event.kind != .streamEnd {
        switch event.kind {
        case .mappingStart, .sequenceStart:
            depth += 1
            isKey = true
        case .mappingEnd, .sequenceEnd:
            depth -= 1
            // What ended was the value of a key.
            isKey = true
        case .scalar(let scalar):
            guard depth == 1 || depth == 2 else { continue }
            if depth == 1, isKey { isInMirrors = scalar.text == "mirrors" }
            if depth == 2, isKey, isInMirrors, let name = try? MirrorName(scalar.text) { names.append(name) }
            isKey.toggle()
        case .alias: if depth == 1 || depth == 2 { isKey.toggle() }
        default: continue
        }
    }
    return names
}
