#include "base/message_digest.h"

#include <string>

#include "base/digest.h"
#include "google/protobuf/struct.pb.h"
#include "gtest/gtest.h"

namespace gantry {
namespace {

using ::gantry::release::v1::Recipe;

Recipe TestRecipe() {
  Recipe recipe;
  auto* fragment = recipe.add_fragments();
  fragment->set_kind("driver");
  fragment->set_name("535.261.03");
  auto* epoch = recipe.add_epochs();
  epoch->set_stage("compile");
  epoch->set_epoch(1);
  return recipe;
}

// Tags, lengths and values of the wire format
// (protobuf.dev/programming-guides/encoding).
constexpr char kTestRecipeBytes[] =
    "\x12\x14\x0a\x06"
    "driver"
    "\x12\x0a"
    "535.261.03"
    "\x1a\x0b\x0a\x07"
    "compile"
    "\x10\x01";

TEST(MessageDigestTest, IsThatOfTheWireFormat) {
  EXPECT_EQ(SerializeDeterministically(TestRecipe()), kTestRecipeBytes);
  EXPECT_EQ(MessageDigest(TestRecipe()), Sha256Digest(kTestRecipeBytes));
}

TEST(MessageDigestTest, OrderOfInsertionIntoAMapDoesNotCount) {
  google::protobuf::Struct first;
  google::protobuf::Struct second;
  for (int i = 0; i < 100; ++i) {
    (*first.mutable_fields())[std::to_string(i)].set_number_value(i);
    (*second.mutable_fields())[std::to_string(99 - i)].set_number_value(99 - i);
  }
  EXPECT_EQ(MessageDigest(first), MessageDigest(second));
}

TEST(MessageDigestTest, DigestOfARecipeIgnoresItsDigestField) {
  Recipe recipe = TestRecipe();
  const std::string digest = RecipeDigest(recipe);
  EXPECT_EQ(digest, Sha256Digest(kTestRecipeBytes));
  recipe.set_digest(digest);
  EXPECT_EQ(RecipeDigest(recipe), digest);
  EXPECT_NE(MessageDigest(recipe), digest);
}

TEST(MessageDigestTest, DigestOfARecipeDependsOnFragmentsAndEpochs) {
  const std::string digest = RecipeDigest(TestRecipe());
  Recipe recipe = TestRecipe();
  recipe.mutable_fragments(0)->set_digest(Sha256Digest("driver"));
  EXPECT_NE(RecipeDigest(recipe), digest);
  recipe = TestRecipe();
  recipe.mutable_epochs(0)->set_epoch(2);
  EXPECT_NE(RecipeDigest(recipe), digest);
}

}  // namespace
}  // namespace gantry
