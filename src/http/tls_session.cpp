#include "tls_session.hpp"

#include <fstream>
#include <iterator>
#include <memory>
#include <utility>

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

namespace evenkeel::http {
namespace {

template <auto Free>
struct Deleter {
  template <class T>
  void operator()(T* object) const {
    Free(object);
  }
};
using Bio = std::unique_ptr<BIO, Deleter<BIO_free>>;
using Certificate = std::unique_ptr<X509, Deleter<X509_free>>;
using Key = std::unique_ptr<EVP_PKEY, Deleter<EVP_PKEY_free>>;
using Store = std::unique_ptr<X509_STORE, Deleter<X509_STORE_free>>;
using Names = std::unique_ptr<GENERAL_NAMES, Deleter<GENERAL_NAMES_free>>;

Error unusable(const std::string& what, const Pem& pem, const std::string& why) {
  const std::string where = pem.data.empty() ? " (" + pem.file + ")" : "";
  return Error{ErrorKind::Invalid, what + where + ": " + why};
}

Result<std::string> read_pem(const std::string& what, const Pem& pem) {
  if (!pem.data.empty()) return pem.data;
  std::ifstream file{pem.file, std::ios::binary};
  if (!file) return unusable(what, pem, "cannot be read; check that it exists and who may read it");
  return std::string{std::istreambuf_iterator<char>{file}, {}};
}

Bio open_text(const std::string& text) {
  return Bio{BIO_new_mem_buf(text.data(), static_cast<int>(text.size()))};
}

/// Makes the given authorities the only ones: the library has loaded those of the system already.
Result<Done> trust_only(SSL_CTX* context, const Pem& ca) {
  const auto text = read_pem("certificate authority", ca);
  if (!text.ok()) return text.error();
  Store store{X509_STORE_new()};
  const Bio bio = open_text(*text);
  int found = 0;
  while (const Certificate authority{PEM_read_bio_X509(bio.get(), nullptr, nullptr, nullptr)}) {
    X509_STORE_add_cert(store.get(), authority.get());
    ++found;
  }
  ERR_clear_error();  // The end of the text is reported as an error.
  if (found == 0) return unusable("certificate authority", ca, "holds no PEM certificate");
  SSL_CTX_set_cert_store(context, store.release());
  return Done{};
}

Result<Done> identify(SSL_CTX* context, const Pem& certificate, const Pem& key) {
  if (certificate.empty() || key.empty()) {
    return Error{ErrorKind::Invalid, "a client certificate and its key must be given together"};
  }
  const auto chain = read_pem("client certificate", certificate);
  if (!chain.ok()) return chain.error();
  const auto secret = read_pem("client key", key);
  if (!secret.ok()) return secret.error();

  const Bio chain_bio = open_text(*chain);
  const Certificate leaf{PEM_read_bio_X509(chain_bio.get(), nullptr, nullptr, nullptr)};
  if (!leaf || SSL_CTX_use_certificate(context, leaf.get()) != 1) {
    return unusable("client certificate", certificate, "holds no usable PEM certificate");
  }
  while (Certificate link{PEM_read_bio_X509(chain_bio.get(), nullptr, nullptr, nullptr)}) {
    SSL_CTX_add0_chain_cert(context, link.release());
  }
  ERR_clear_error();

  const Bio key_bio = open_text(*secret);
  const auto no_passphrase = [](char*, int, int, void*) { return -1; };
  const Key parsed{PEM_read_bio_PrivateKey(key_bio.get(), nullptr, no_passphrase, nullptr)};
  ERR_clear_error();
  if (!parsed) return unusable("client key", key, "holds no PEM private key that opens without a passphrase");
  if (SSL_CTX_use_PrivateKey(context, parsed.get()) != 1) {
    ERR_clear_error();
    return unusable("client key", key, "is not the key of the client certificate");
  }
  return Done{};
}

std::string name_text(const X509_NAME* name) {
  const Bio bio{BIO_new(BIO_s_mem())};
  X509_NAME_print_ex(bio.get(), name, 0, XN_FLAG_ONELINE & ~ASN1_STRFLGS_ESC_MSB);
  char* text = nullptr;
  const long length = BIO_get_mem_data(bio.get(), &text);
  return "\"" + std::string{text, static_cast<std::size_t>(length)} + "\"";
}

std::string ip_text(const ASN1_OCTET_STRING* ip) {
  const unsigned char* bytes = ASN1_STRING_get0_data(ip);
  if (ASN1_STRING_length(ip) != 4) return "an IPv6 address";
  std::string text;
  for (int i = 0; i < 4; ++i) text += (i == 0 ? "" : ".") + std::to_string(bytes[i]);
  return text;
}

/// The names that a certificate may be used for, for people.
std::string san_text(X509* certificate) {
  const Names names{
      static_cast<GENERAL_NAMES*>(X509_get_ext_d2i(certificate, NID_subject_alt_name, nullptr, nullptr))};
  std::string text;
  for (int i = 0; names && i < sk_GENERAL_NAME_num(names.get()); ++i) {
    const GENERAL_NAME* name = sk_GENERAL_NAME_value(names.get(), i);
    std::string entry;
    if (name->type == GEN_DNS) {
      entry.assign(reinterpret_cast<const char*>(ASN1_STRING_get0_data(name->d.dNSName)),
                   static_cast<std::size_t>(ASN1_STRING_length(name->d.dNSName)));
    } else if (name->type == GEN_IPADD) {
      entry = ip_text(name->d.iPAddress);
    } else {
      continue;
    }
    text += (text.empty() ? "" : ", ") + entry;
  }
  return text.empty() ? "no name at all (it has no subjectAltName)" : text;
}

bool is_unknown_issuer(int error) {
  switch (error) {
    case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT:
    case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY:
    case X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE:
    case X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN:
    case X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT:
    case X509_V_ERR_CERT_SIGNATURE_FAILURE:
      return true;
    default:
      return false;
  }
}

}  // namespace

Result<Done> TlsSession::apply(SSL_CTX* context) const {
  SSL_CTX_set_min_proto_version(context, TLS1_2_VERSION);
  if (!options_.ca.empty()) {
    if (auto trusted = trust_only(context, options_.ca); !trusted.ok()) return trusted.error();
  }
  if (!options_.client_certificate.empty() || !options_.client_key.empty()) {
    return identify(context, options_.client_certificate, options_.client_key);
  }
  return Done{};
}

Result<Done> TlsSession::check() const {
  const std::unique_ptr<SSL_CTX, Deleter<SSL_CTX_free>> context{SSL_CTX_new(TLS_client_method())};
  return apply(context.get());
}

void TlsSession::prepare(boost::asio::ssl::context& context) {
  SSL_CTX* native = context.native_handle();
  if (auto applied = apply(native); !applied.ok()) {
    fault_.with([&](std::string& fault) { fault = applied.error().message; });
    // Nothing is trusted through a context that is not what was asked for.
    SSL_CTX_set_cert_store(native, X509_STORE_new());
  }
  if (!options_.insecure) SSL_CTX_set_cert_verify_callback(native, &TlsSession::verify, this);
}

std::string TlsSession::take_fault() {
  return fault_.with([](std::string& fault) { return std::exchange(fault, {}); });
}

int TlsSession::verify(X509_STORE_CTX* chain, void* self) {
  auto& session = *static_cast<TlsSession*>(self);
  int verdict = X509_verify_cert(chain);
  if (verdict == 1 && !session.carries_our_name(X509_STORE_CTX_get0_cert(chain))) {
    // The library would take the common name for want of a subjectAltName; nobody else does any more.
    X509_STORE_CTX_set_error(chain, X509_V_ERR_HOSTNAME_MISMATCH);
    verdict = 0;
  }
  if (verdict != 1) {
    const std::string text = session.describe_fault(chain);
    session.fault_.with([&](std::string& fault) {
      if (fault.empty()) fault = text;
    });
  }
  return verdict;
}

bool TlsSession::carries_our_name(X509* certificate) const {
  return X509_check_ip_asc(certificate, host_.c_str(), 0) == 1 ||
         X509_check_host(certificate, host_.c_str(), 0, X509_CHECK_FLAG_NEVER_CHECK_SUBJECT, nullptr) == 1;
}

std::string TlsSession::describe_fault(X509_STORE_CTX* chain) const {
  const int error = X509_STORE_CTX_get_error(chain);
  X509* certificate = X509_STORE_CTX_get0_cert(chain);
  if (certificate == nullptr) return "the server sent no certificate";
  if (is_unknown_issuer(error)) {
    return "the server's certificate was issued by " + name_text(X509_get_issuer_name(certificate)) +
           ", which is not signed by " +
           (options_.ca.empty() ? "an authority of this system" : "the given certificate authority") +
           "; give the authority that issued it";
  }
  if (!carries_our_name(certificate)) {
    return "the server's certificate is valid for " + san_text(certificate) + ", but not for " + host_ +
           "; connect by a name that it carries, or set the TLS server name";
  }
  return std::string{"the server's certificate is not accepted: "} + X509_verify_cert_error_string(error);
}

}  // namespace evenkeel::http
