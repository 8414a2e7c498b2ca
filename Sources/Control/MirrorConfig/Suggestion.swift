/// The end of a message about a word that isn't known: `; did you mean 'filter'?`, or which words there are.
func suggestion(for word: String, among known: [String], called kind: String) -> String {
    if let nearest = nearestWord(to: word, among: known) { return "; did you mean '\(nearest)'?" }
    return "; the \(kind) are \(known.joined(separator: ", "))"
}

/// The known word that a slip of the finger makes into this one: at most two edits, and at most a third of it.
public func nearestWord(to word: String, among known: [String]) -> String? {
    guard word.utf8.count <= 32 else { return nil }
    let word = Array(word.lowercased().utf8)
    let ranked = known.map { (name: $0, edits: editDistance(word, Array($0.utf8))) }
    // Of two that are as near, the one of the same length: letters are swapped more often than left out.
    func rank(_ item: (name: String, edits: Int)) -> (Int, Int) { (item.edits, abs(item.name.utf8.count - word.count)) }
    guard let best = ranked.min(by: { rank($0) < rank($1) }) else { return nil }
    let limit = min(2, max(1, best.name.utf8.count / 3))
    return best.edits <= limit && best.edits < word.count ? best.name : nil
}

/// Insertions, deletions, substitutions and swaps of neighbours that turn one into the other
/// (optimal string alignment).
private func editDistance(_ left: [UInt8], _ right: [UInt8]) -> Int {
    var beforePrevious = [Int](repeating: 0, count: right.count + 1)
    var previous = Array(0...right.count)
    for row in left.indices {
        var current = [row + 1]
        for column in right.indices {
            let substitution = previous[column] + (left[row] == right[column] ? 0 : 1)
            var edits = min(substitution, previous[column + 1] + 1, current[column] + 1)
            if row > 0, column > 0, left[row] == right[column - 1], left[row - 1] == right[column] {
                edits = min(edits, beforePrevious[column - 1] + 1)
            }
            current.append(edits)
        }
        (beforePrevious, previous) = (previous, current)
    }
    return previous[right.count]
}
