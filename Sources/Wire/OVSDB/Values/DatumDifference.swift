extension Datum {
    /// What comes of a difference, as `modify` tells it (ovsdb-server(7), section 4.1.15).
    ///
    /// Of a column with one element at most, the difference is the new value. Of a set, it has the elements that came
    /// and those that went. Of a map, it has the pairs that came, those that went, and new values of keys that stay.
    func applying(_ difference: Datum, _ column: ColumnShape) -> Datum {
        if column.isSingle { return difference }
        return column.isMap
            ? Datum(.map(Self.mergedPairs(atoms, difference.atoms)))
            : Datum(unsortedSet: Self.symmetricDifference(atoms, difference.atoms))
    }

    private static func symmetricDifference(_ left: [Atom], _ right: [Atom]) -> [Atom] {
        var result: [Atom] = []
        result.reserveCapacity(left.count + right.count)
        var (l, r) = (0, 0)
        while l < left.count, r < right.count {
            if left[l] < right[r] {
                result.append(left[l])
                l += 1
            } else if right[r] < left[l] {
                result.append(right[r])
                r += 1
            } else {
                l += 1
                r += 1
            }
        }
        return result + left[l...] + right[r...]
    }

    private static func mergedPairs(_ old: [Atom], _ changes: [Atom]) -> [Atom] {
        var result: [Atom] = []
        result.reserveCapacity(old.count + changes.count)
        var (o, c) = (0, 0)
        while o < old.count, c < changes.count {
            if old[o] < changes[c] {
                result += old[o..<o + 2]
                o += 2
            } else {
                if !(changes[c] < old[o]) {
                    let isGone = old[o + 1] == changes[c + 1]
                    o += 2
                    if isGone {
                        c += 2
                        continue
                    }
                }
                result += changes[c..<c + 2]
                c += 2
            }
        }
        return result + old[o...] + changes[c...]
    }
}
