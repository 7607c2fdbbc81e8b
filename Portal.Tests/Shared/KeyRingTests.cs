using System.Diagnostics;
using System.Security.Cryptography;
using System.Xml.Linq;
using Microsoft.AspNetCore.DataProtection;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;
using Portal.Model.Shared;
using Portal.Operators;

namespace Portal.Tests.Shared;

[Trait("Needs", "database")]
public sealed class KeyRingTests(TestPostgres postgres) : TestDatabase(postgres)
{
    private readonly string file = Path.Combine(Path.GetTempPath(), $"portal-test-ring-{Guid.NewGuid():N}");

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task The_ring_in_the_database_opens_with_the_file_outside_it_and_with_nothing_else()
    {
        await using var db = CreateDbContext();
        var row = await db.DataProtectionKeys.SingleAsync(Ct);
        Assert.StartsWith("<wrapped key=", row.Xml, StringComparison.Ordinal);
        Assert.Null(await WhyNotAsync(TestPostgres.KeyRingFile));
        Assert.Equal(
            "The key ring in the database is wrapped by a key outside it: set KeyRing__File to the file that holds that key.",
            await WhyNotAsync(null)
        );
        Assert.StartsWith($"{file}, which KeyRing__File names, cannot be read: ", await WhyNotAsync(file), StringComparison.Ordinal);
        WrappingKeys.Add(file);
        Assert.Equal(
            $"The key ring in the database is wrapped by a key that is not in {file}: bring back the file that held it. Without it, what is sealed in the database is lost.",
            await WhyNotAsync(file)
        );

        // Nor does a process that did start make keys of its own then.
        foreach (var other in (string?[])[file, null])
        {
            await using var services = Services(other);
            Assert.ThrowsAny<CryptographicException>(() => Protector(services).Protect("secret"));
        }

        Assert.Equal(1, await db.DataProtectionKeys.CountAsync(Ct));
    }

    [Fact]
    public async Task A_ring_of_before_is_wrapped_by_migrate_and_still_opens_what_it_had_sealed()
    {
        await using var db = CreateDbContext();
        await db.DataProtectionKeys.ExecuteDeleteAsync(Ct);
        string secret;
        await using (var before = Services(null))
        {
            secret = Protector(before).Protect("secret");
        }

        Assert.StartsWith("<key ", (await db.DataProtectionKeys.AsNoTracking().SingleAsync(Ct)).Xml, StringComparison.Ordinal);
        Assert.Null(await WhyNotAsync(null));
        WrappingKeys.Add(file);
        Assert.StartsWith(
            "The key ring in the database is in the clear, although KeyRing__File is set",
            await WhyNotAsync(file),
            StringComparison.Ordinal
        );
        await using var services = Services(file);
        Assert.Equal(0, await Commands.MigrateAsync(services, TextWriter.Null, Ct));
        var row = await db.DataProtectionKeys.AsNoTracking().SingleAsync(Ct);
        Assert.StartsWith("<wrapped key=", row.Xml, StringComparison.Ordinal);
        Assert.Equal("secret", Protector(services).Unprotect(secret));
        Assert.Null(await WhyNotAsync(file));
    }

    [Fact]
    public async Task Rotating_wraps_every_key_anew_and_then_the_old_line_can_go()
    {
        await using var db = CreateDbContext();
        await db.DataProtectionKeys.ExecuteDeleteAsync(Ct);
        WrappingKeys.Add(file);
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(file));
        await using var running = Services(file);
        var secret = Protector(running).Protect("secret");
        var old = (await db.DataProtectionKeys.AsNoTracking().SingleAsync(Ct)).Xml;
        WrappingKeys.Add(file);
        Assert.Equal(2, File.ReadAllLines(file).Length);
        Assert.Null(await WhyNotAsync(file));
        Assert.StartsWith("1 keys were wrapped anew", await RotateAsync(file), StringComparison.Ordinal);
        Assert.StartsWith("0 keys were wrapped anew", await RotateAsync(file), StringComparison.Ordinal);
        Assert.NotEqual(old, (await db.DataProtectionKeys.AsNoTracking().SingleAsync(Ct)).Xml);
        await File.WriteAllLinesAsync(file, (await File.ReadAllLinesAsync(file, Ct))[1..], Ct);
        Assert.Null(await WhyNotAsync(file));
        await using var fresh = Services(file);
        Assert.Equal("secret", Protector(fresh).Unprotect(secret));
    }

    [Fact]
    public async Task Only_the_database_s_owner_rotates()
    {
        await File.WriteAllTextAsync(file, await File.ReadAllTextAsync(TestPostgres.KeyRingFile, Ct), Ct);
        WrappingKeys.Add(file);
        await using var services = TestPostgres.ServicesOf(TestPostgres.As("web", ConnectionString), file);
        using var errors = new StringWriter();
        Assert.Equal(1, await Commands.RotateKeyRingAsync(services, TextWriter.Null, errors, Ct));
        Assert.StartsWith("Only the role that owns the database wraps its keys anew", errors.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_key_that_was_written_by_somebody_else_is_not_taken()
    {
        await using var db = CreateDbContext();
        var row = await db.DataProtectionKeys.SingleAsync(Ct);
        var wrapped = XElement.Parse(row.Xml!);
        var bytes = Convert.FromBase64String(wrapped.Value);
        bytes[^1] ^= 1;
        wrapped.Value = Convert.ToBase64String(bytes);
        row.Xml = wrapped.ToString(SaveOptions.DisableFormatting);
        await db.SaveChangesAsync(Ct);
        Assert.StartsWith(
            "A key of the key ring in the database was changed by somebody",
            await WhyNotAsync(TestPostgres.KeyRingFile),
            StringComparison.Ordinal
        );
    }

    [Theory]
    [InlineData("")]
    [InlineData("not base64\n")]
    [InlineData("c2hvcnQ=\n")]
    public async Task A_file_of_something_else_is_told_in_a_sentence(string content)
    {
        await File.WriteAllTextAsync(file, content, Ct);
        Assert.StartsWith($"{file}, which KeyRing__File names, is no file of keys: ", await WhyNotAsync(file), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Production_wants_a_wrapping_key_to_start_and_to_migrate()
    {
        await using var services = TestPostgres.ServicesOf(ConnectionString, null, "Production");
        Assert.StartsWith("KeyRing__File is not set: ", await StartCheck.WhyNotAsync(services, Ct), StringComparison.Ordinal);
        using var errors = new StringWriter();
        Assert.Equal(1, await Commands.MigrateAsync(services, errors, Ct));
        Assert.StartsWith("KeyRing__File is not set: ", errors.ToString(), StringComparison.Ordinal);
    }

    /// <summary>The programs themselves: an exit code by which a supervisor knows that trying again is of no use.</summary>
    [Theory]
    [InlineData("Portal", "web")]
    [InlineData("Portal.Worker", "worker")]
    public async Task A_program_that_cannot_open_the_ring_ends_with_the_sentence(string program, string role)
    {
        WrappingKeys.Add(file);
        var start = new ProcessStartInfo(
            "dotnet",
            [Path.Combine(AppContext.BaseDirectory, $"{program}.dll"), "--urls", "http://127.0.0.1:0"]
        )
        {
            UseShellExecute = false,
            RedirectStandardError = true,
            RedirectStandardOutput = true,
            WorkingDirectory = Path.Combine(TestPostgres.Repository, program),
        };
        start.Environment["ASPNETCORE_ENVIRONMENT"] = "Development";
        start.Environment["ConnectionStrings__Portal"] = TestPostgres.As(role, ConnectionString);
        start.Environment["KeyRing__File"] = file;
        start.Environment["Engine__Folder"] = Path.GetTempPath();
        using var process = Process.Start(start)!;
        var (output, errors) = (process.StandardOutput.ReadToEndAsync(Ct), process.StandardError.ReadToEndAsync(Ct));
        await process.WaitForExitAsync(Ct);
        Assert.Equal(
            $"The key ring in the database is wrapped by a key that is not in {file}: bring back the file that held it. Without it, what is sealed in the database is lost.",
            (await errors).Trim()
        );
        Assert.Equal(78, process.ExitCode);
        await output;
    }

    public override async ValueTask DisposeAsync()
    {
        GC.SuppressFinalize(this);
        File.Delete(file);
        await base.DisposeAsync();
    }

    private static IDataProtector Protector(ServiceProvider services) =>
        services.GetRequiredService<IDataProtectionProvider>().CreateProtector("test");

    private ServiceProvider Services(string? keyRingFile) => TestPostgres.ServicesOf(ConnectionString, keyRingFile);

    private async Task<string?> WhyNotAsync(string? keyRingFile)
    {
        await using var services = Services(keyRingFile);
        return await StartCheck.WhyNotAsync(services, Ct);
    }

    private async Task<string> RotateAsync(string keyRingFile)
    {
        await using var services = Services(keyRingFile);
        using var output = new StringWriter();
        Assert.Equal(0, await Commands.RotateKeyRingAsync(services, output, TextWriter.Null, Ct));
        return output.ToString();
    }
}
