using System.Security.Cryptography;
using System.Xml.Linq;
using Microsoft.AspNetCore.DataProtection;
using Microsoft.AspNetCore.DataProtection.EntityFrameworkCore;
using Microsoft.AspNetCore.DataProtection.KeyManagement;
using Microsoft.AspNetCore.DataProtection.Repositories;
using Microsoft.AspNetCore.DataProtection.XmlEncryption;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace Portal.Model.Shared;

/// <summary>
/// The keys, kept in the database and wrapped by a key outside it, with which web and worker protect what the other must read. New ones are
/// made by the web alone (the first by <c>migrate</c>), so that a worker never uses one that the web does not know yet.
/// </summary>
public static class KeyRing
{
    public static IDataProtectionBuilder AddKeyRing(this IServiceCollection services)
    {
        services.AddSingleton(provider => WrappingKeys.Of(provider.GetRequiredService<IConfiguration>()));
        services.AddSingleton<IConfigureOptions<KeyManagementOptions>>(provider => new ConfigureOptions<KeyManagementOptions>(options =>
            Configure(options, provider)
        ));
        return services.AddDataProtection().SetApplicationName("Portal");
    }

    /// <summary>
    /// Why a process must not start with this ring; null if it may. With one that it cannot open, Data Protection would make new keys as if
    /// there had been none, and what was sealed would be as good as lost.
    /// </summary>
    public static async Task<string?> WhyNotAsync(IServiceProvider services, CancellationToken ct)
    {
        if (WhyNotSettings(services) is { } reason)
        {
            return reason;
        }

        await using var scope = services.CreateAsyncScope();
        try
        {
            foreach (
                var row in await scope.ServiceProvider.GetRequiredService<PortalDb>().DataProtectionKeys.AsNoTracking().ToListAsync(ct)
            )
            {
                services.GetRequiredService<WrappingKeys>().Unwrap(XElement.Parse(row.Xml!));
            }

            return null;
        }
        catch (CryptographicException error)
        {
            return error.Message;
        }
    }

    /// <summary>The part of it that needs no database.</summary>
    public static string? WhyNotSettings(IServiceProvider services) =>
        services.GetRequiredService<WrappingKeys>().IsSet || services.GetRequiredService<IHostEnvironment>().IsDevelopment()
            ? null
            : "KeyRing__File is not set: it names the file with the key that wraps the keys in the database. `dotnet Portal.dll new-wrapping-key FILE` makes one; web and worker need the same.";

    /// <summary>Wraps by the newest key what is not: in the clear as of before, or by an older one. Runs as the database's owner.</summary>
    /// <returns>How many keys.</returns>
    /// <exception cref="CryptographicException">With a sentence that says why one cannot be opened; nothing has changed then.</exception>
    public static async Task<int> RewrapAsync(PortalDb db, WrappingKeys wrapping, CancellationToken ct)
    {
        foreach (var row in await db.DataProtectionKeys.ToListAsync(ct))
        {
            row.Xml = wrapping.Rewrap(XElement.Parse(row.Xml!))?.ToString(SaveOptions.DisableFormatting) ?? row.Xml;
        }

        return await db.SaveChangesAsync(ct);
    }

    private static void Configure(KeyManagementOptions options, IServiceProvider provider)
    {
        var (wrapping, log) = (provider.GetRequiredService<WrappingKeys>(), provider.GetRequiredService<ILoggerFactory>());
        options.XmlRepository = new Rows(new EntityFrameworkCoreXmlRepository<PortalDb>(provider, log), wrapping);

        // Rows are wrapped as a whole, below what Data Protection knows of: without this it would warn of keys in the clear.
        options.XmlEncryptor = wrapping.IsSet ? new NullXmlEncryptor() : null;
    }

    private sealed class Rows(IXmlRepository rows, WrappingKeys wrapping) : IXmlRepository
    {
        public IReadOnlyCollection<XElement> GetAllElements() => [.. rows.GetAllElements().Select(wrapping.Unwrap)];

        public void StoreElement(XElement element, string friendlyName) => rows.StoreElement(wrapping.Wrap(element), friendlyName);
    }
}
