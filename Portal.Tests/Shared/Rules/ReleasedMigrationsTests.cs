using System.Security.Cryptography;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Infrastructure;
using Microsoft.EntityFrameworkCore.Migrations;
using Microsoft.EntityFrameworkCore.Migrations.Operations;
using Portal.Model.Shared;

namespace Portal.Tests.Shared;

/// <summary>
/// What a database of a released version may rely on: docs/decisions/releases.md. The programs of the version before go on while the schema
/// is the new one's already.
/// </summary>
public sealed class ReleasedMigrationsTests
{
    private static readonly string Migrations = Path.Combine(TestPostgres.Repository, "migrations");

    [Fact]
    public void What_is_released_is_as_it_was_released_and_what_came_since_only_adds()
    {
        var released = File.ReadAllLines(Path.Combine(Migrations, "released")).Select(line => line.Split(' ')).ToList();
        Assert.All(
            released,
            line =>
                Assert.Equal(
                    line[1],
                    Convert.ToHexStringLower(SHA256.HashData(File.ReadAllBytes(Path.Combine(Migrations, $"{line[0]}.cs"))))
                )
        );
        using var db = new PortalDb(new DbContextOptionsBuilder<PortalDb>().UseNpgsql("Host=none.invalid").Options);
        var known = db.GetService<IMigrationsAssembly>();
        Assert.Equal(released.Select(line => line[0]), known.Migrations.Keys.Order(StringComparer.Ordinal).Take(released.Count));
        Assert.Empty(
            known
                .Migrations.OrderBy(migration => migration.Key, StringComparer.Ordinal)
                .Skip(Math.Max(1, released.Count))
                .SelectMany(
                    migration => OnWhatWasThere(known.CreateMigration(migration.Value, db.Database.ProviderName!).UpOperations),
                    (migration, operation) => WhyNot(operation) is { } reason ? $"{migration.Key} {reason}" : null
                )
                .OfType<string>()
        );
    }

    [Fact]
    public void An_operation_that_the_version_before_cannot_live_with_is_told_from_one_that_it_can()
    {
        Assert.All(
            (MigrationOperation[])
                [
                    new CreateTableOperation { Name = "New" },
                    Column(isNullable: true),
                    Column(isNullable: false, @default: 0),
                    new CreateIndexOperation
                    {
                        Table = "Old",
                        Name = "Index",
                        Columns = ["One"],
                    },
                    Altered(wasNullable: false, isNullable: true, 10, 20),
                ],
            operation => Assert.Null(WhyNot(operation))
        );
        Assert.All(
            (MigrationOperation[])
                [
                    new DropTableOperation { Name = "Old" },
                    new DropColumnOperation { Table = "Old", Name = "One" },
                    new RenameTableOperation { Name = "Old", NewName = "New" },
                    new RenameColumnOperation
                    {
                        Table = "Old",
                        Name = "One",
                        NewName = "Two",
                    },
                    Column(isNullable: false),
                    Altered(wasNullable: true, isNullable: false, 10, 10),
                    Altered(wasNullable: true, isNullable: true, 20, 10),
                    new CreateIndexOperation
                    {
                        Table = "Old",
                        Name = "Index",
                        Columns = ["One"],
                        IsUnique = true,
                    },
                ],
            operation => Assert.NotNull(WhyNot(operation))
        );
    }

    /// <summary>A table that is new with the migration is nobody's yet.</summary>
    private static IEnumerable<MigrationOperation> OnWhatWasThere(IReadOnlyList<MigrationOperation> operations)
    {
        var made = operations.OfType<CreateTableOperation>().Select(table => table.Name).ToHashSet(StringComparer.Ordinal);
        return operations.Where(operation => operation is not CreateIndexOperation index || !made.Contains(index.Table));
    }

    private static AddColumnOperation Column(bool isNullable, object? @default = null) =>
        new()
        {
            Table = "Old",
            Name = "One",
            ClrType = typeof(int),
            IsNullable = isNullable,
            DefaultValue = @default,
        };

    private static AlterColumnOperation Altered(bool wasNullable, bool isNullable, int before, int after) =>
        new()
        {
            Table = "Old",
            Name = "One",
            ClrType = typeof(string),
            IsNullable = isNullable,
            MaxLength = after,
            OldColumn = new AddColumnOperation
            {
                ClrType = typeof(string),
                IsNullable = wasNullable,
                MaxLength = before,
            },
        };

    private static string? WhyNot(MigrationOperation operation) =>
        operation switch
        {
            DropTableOperation drop => $"drops the table {drop.Name}, which the version before still uses",
            DropColumnOperation drop => $"drops {drop.Table}.{drop.Name}, which the version before still uses",
            RenameTableOperation rename => $"renames the table {rename.Name}, which the version before does not know",
            RenameColumnOperation rename => $"renames {rename.Table}.{rename.Name}, which the version before does not know",
            AddColumnOperation { IsNullable: false, DefaultValue: null, DefaultValueSql: null, ComputedColumnSql: null } add =>
                $"adds {add.Table}.{add.Name}, to which the version before gives no value: let it be null, or give it a default",
            AlterColumnOperation alter
                when (alter.OldColumn.IsNullable && !alter.IsNullable)
                    || alter.OldColumn.ClrType != alter.ClrType
                    || (alter.MaxLength ?? int.MaxValue) < (alter.OldColumn.MaxLength ?? int.MaxValue) =>
                $"narrows {alter.Table}.{alter.Name}, into which the version before writes what no longer fits",
            CreateIndexOperation { IsUnique: true } index =>
                $"wants {index.Table}({string.Join(", ", index.Columns)}) to be unique, which the version before does not see to",
            _ => null,
        };
}
