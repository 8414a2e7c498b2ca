extension JSONCursor {
    /// A column's `<value>` (RFC 7047, section 5.1), which has to be of the column's type.
    mutating func datum(_ column: ColumnShape) throws(JSONError) -> Datum {
        guard peek() == UInt8(ascii: "[") else {
            guard !column.isMap else { throw error("a map was expected") }
            return try single(column.key)
        }
        let before = self.place
        skipByte()
        let tag = try stringRange().range
        try expect(UInt8(ascii: ","))
        let isMap: Bool
        if matches(tag, "set") {
            isMap = false
        } else if matches(tag, "map") {
            isMap = true
        } else {
            guard !column.isMap else { throw error("a map was expected") }
            return Datum(try row(tagged: tag, column.key))
        }
        try expect(UInt8(ascii: "["))
        let datum = try isMap ? pairs(column, from: before) : elements(column, from: before)
        try expect(UInt8(ascii: "]"))
        return datum
    }

    private mutating func elements(_ column: ColumnShape, from start: Int) throws(JSONError) -> Datum {
        scratch.removeAll(keepingCapacity: true)
        var isFirst = true
        while try next(&isFirst, until: UInt8(ascii: "]")) { scratch.append(try atom(column.key)) }
        guard !column.isMap || scratch.isEmpty else { throw JSONError(reason: "a map was expected", offset: start) }
        if column.isMap { return Datum(.map([])) }
        return scratch.isEmpty ? .empty : Datum(unsortedSet: exactCopy(scratch))
    }

    private mutating func pairs(_ column: ColumnShape, from start: Int) throws(JSONError) -> Datum {
        guard let value = column.value else { throw JSONError(reason: "no map was expected", offset: start) }
        scratch.removeAll(keepingCapacity: true)
        var isFirst = true
        while try next(&isFirst, until: UInt8(ascii: "]")) {
            try expect(UInt8(ascii: "["))
            scratch.append(try atom(column.key))
            try expect(UInt8(ascii: ","))
            scratch.append(try atom(value))
            try expect(UInt8(ascii: "]"))
        }
        return Datum(unsortedMap: exactCopy(scratch))
    }

    private func exactCopy(_ atoms: [Atom]) -> [Atom] {
        var copy: [Atom] = []
        copy.reserveCapacity(atoms.count)
        copy.append(contentsOf: atoms)
        return copy
    }

    /// The most frequent case, without going through an atom.
    private mutating func single(_ type: AtomicType) throws(JSONError) -> Datum {
        switch type {
        case .string: Datum(try string())
        case .boolean: Datum(try boolean())
        default: Datum(try atom(type))
        }
    }

    /// An `<atom>` of a type.
    mutating func atom(_ type: AtomicType) throws(JSONError) -> Atom {
        switch type {
        case .string: return .string(try string())
        case .boolean: return .boolean(try boolean())
        case .integer:
            switch try number() {
            case .integer(let number): return .integer(number)
            case .real(let number):
                guard let whole = Int64(exactly: number) else { throw error("an integer was expected") }
                return .integer(whole)
            }
        case .real:
            switch try number() {
            case .integer(let number): return .real(Double(number))
            case .real(let number): return .real(number)
            }
        case .uuid:
            try expect(UInt8(ascii: "["))
            let tag = try stringRange().range
            try expect(UInt8(ascii: ","))
            return try row(tagged: tag, type)
        }
    }

    /// The rest of `["uuid", "…"]`. The server tells no `named-uuid`.
    private mutating func row(tagged tag: Range<Int>, _ type: AtomicType) throws(JSONError) -> Atom {
        guard type == .uuid, matches(tag, "uuid") else { throw error("\(type) was expected") }
        let text = try stringRange().range
        guard let id = RowID(bytes, from: text.lowerBound, to: text.upperBound) else {
            throw JSONError(reason: "a UUID was expected", offset: text.lowerBound)
        }
        try expect(UInt8(ascii: "]"))
        return .row(id)
    }

    /// Whether a piece of the bytes is this text.
    func matches(_ range: Range<Int>, _ text: String) -> Bool {
        guard range.count == text.utf8.count else { return false }
        var place = range.lowerBound
        for byte in text.utf8 {
            guard bytes[place] == byte else { return false }
            place += 1
        }
        return true
    }
}

extension JSONWriter {
    /// - Parameter column: tells whether nothing is an empty map.
    mutating func datum(_ datum: Datum, _ column: ColumnSchema?) {
        switch datum.storage {
        case .set(let atoms) where !atoms.isEmpty || column?.isMap != true:
            raw("[\"set\",")
            list(atoms) { $0.atom($1) }
            raw("]")
        case .set, .map:
            raw("[\"map\",")
            list(datum.pairs) { writer, pair in writer.list([pair.key, pair.value]) { $0.atom($1) } }
            raw("]")
        default:
            if let atom = datum.single { self.atom(atom) }
        }
    }

    private mutating func atom(_ atom: Atom) {
        switch atom {
        case .integer(let number): integer(number)
        case .real(let number): real(number)
        case .boolean(let flag): raw(flag ? "true" : "false")
        case .string(let text): string(text)
        case .row(let id): raw("[\"uuid\",\"\(id)\"]")
        case .newRow(let name):
            raw("[\"named-uuid\",")
            string(name)
            raw("]")
        }
    }
}
